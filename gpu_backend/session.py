"""An ONNX Runtime session for a model, on the device that was asked for and no other."""

from __future__ import annotations

import contextlib
import ctypes
import io
import sys
from typing import Any

from isthmus.errors import BackendMissing, UsageError
from isthmus.onnx.write.builder import Model
from isthmus.program.options import Options

from .device import Device, device_of
from .problems import load_error, one_line
from .settings import ARENA, check_tensorrt, is_tensorrt, provider_options, tensorrt_options
from .sharing import give_weights

__all__ = [
    "INSTALL",
    "LIBRARIES",
    "PROVIDERS",
    "open_session",
    "providers_of",
    "register",
    "runtime_for",
    "session_settings",
    "workers",
]

INSTALL = "pip install 'isthmus[gpu]' (CUDA 13, cuDNN 9, driver 580 or newer)"
PROVIDERS = {"cuda": "CUDAExecutionProvider", "cpu": "CPUExecutionProvider"}
TENSORRT = "TensorrtExecutionProvider"
# What the CUDA provider links, by the name the loader looks for.
LIBRARIES = {
    "libcuda.so.1": "the NVIDIA driver",
    "libcudart.so.13": "the CUDA 13 runtime",
    "libcublasLt.so.13": "cuBLAS 13",
    "libcudnn.so.9": "cuDNN 9",
}
_FATAL = 4  # the runtime's log level at which only what ends the process is printed


def open_session(model: Model, options: Options) -> tuple[Any, list[Any]]:
    """The model loaded, and what must live as long as it does. Raises BackendMissing."""
    device = device_of(options)
    runtime = runtime_for(device)
    settings = session_settings(runtime, workers(options))
    settings.enable_cpu_mem_arena = options.extra.get(ARENA) != "off"
    register(settings, model)
    providers = providers_of(options)
    if is_tensorrt(options):
        check_tensorrt(runtime)
    kept = give_weights(runtime, settings, model)
    try:
        # Sizes are computed on the processor under CUDA too, by the runtime's own choice, so
        # that `session.disable_cpu_ep_fallback` would refuse every program with named sizes.
        session = runtime.InferenceSession(
            model.proto.SerializeToString(), settings, providers=providers, enable_fallback=0
        )
    except Exception as problem:
        raise load_error(device, problem, INSTALL) from None
    if session.get_providers()[0] != providers[0][0]:
        raise BackendMissing(f"no device {str(device)!r} answers on this machine; {INSTALL}")
    return session, kept


def register(settings: Any, model: Model) -> None:
    """Name the libraries of the model's custom operators to the settings of a session."""
    for library in dict.fromkeys(kernel.library for kernel in model.kernels):
        try:
            settings.register_custom_ops_library(library)
        except Exception as problem:
            raise UsageError(
                f"{library} is no library of ONNX Runtime's custom operators: {one_line(problem)}"
            ) from None


def providers_of(options: Options) -> list[tuple[str, dict[str, str]]]:
    """The providers of a session and their settings, in the order they are asked."""
    kind = device_of(options).kind
    if kind == "cpu":
        return [(PROVIDERS[kind], {})]
    cuda = (PROVIDERS[kind], provider_options(options))
    return [(TENSORRT, tensorrt_options(options)), cuda] if is_tensorrt(options) else [cuda]


def runtime_for(device: Device) -> Any:
    """The runtime's module; BackendMissing if it is not installed, or not for this device."""
    try:
        import onnxruntime
    except ImportError as problem:
        wanted = "pip install 'isthmus[onnx-cpu]'" if device.is_host else INSTALL
        raise BackendMissing(f"ONNX Runtime cannot be imported ({problem}); {wanted}") from None
    if PROVIDERS[device.kind] not in onnxruntime.get_available_providers():
        raise BackendMissing(
            f"onnxruntime {onnxruntime.__version__} here has no CUDA; uninstall onnxruntime, "
            f"then {INSTALL}, or give device='cpu'"
        )
    if not device.is_host:
        _load_libraries(onnxruntime)
    return onnxruntime


def _load_libraries(runtime: Any) -> None:
    """CUDA's libraries from their packages; BackendMissing names the first that is not there."""
    with contextlib.redirect_stdout(io.StringIO()):  # it prints what it does not find
        runtime.preload_dlls()
    for name, what in LIBRARIES.items() if sys.platform == "linux" else ():
        try:
            ctypes.CDLL(name)
        except OSError:
            raise BackendMissing(f"{what} ({name}) cannot be loaded; {INSTALL}") from None


def workers(options: Options) -> int:
    """The threads of a session: `streams` callers, each of which works too, and one less for each
    beyond the first, so that all together they are `threads`."""
    return max(1, options.threads - options.streams + 1)


def session_settings(runtime: Any, threads: int) -> Any:
    """What every session is opened with."""
    settings = runtime.SessionOptions()
    settings.intra_op_num_threads = threads
    settings.inter_op_num_threads = 1
    settings.execution_mode = runtime.ExecutionMode.ORT_SEQUENTIAL
    settings.log_severity_level = _FATAL
    return settings
