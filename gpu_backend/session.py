"""An ONNX Runtime session for a model, on the device that was asked for and no other."""

from __future__ import annotations

import contextlib
import ctypes
import io
import re
import sys
from typing import Any

from isthmus.errors import BackendMissing, IsthmusError, UsageError
from isthmus.onnx.write.builder import Model
from isthmus.program.options import Options

from .sharing import give_weights

__all__ = [
    "SETTINGS",
    "device_of",
    "one_line",
    "open_session",
    "provider_of",
    "runtime_for",
    "session_settings",
    "workers",
]

INSTALL = "pip install 'isthmus[gpu]' (CUDA 13, cuDNN 9, driver 580 or newer)"
PROVIDERS = {"cuda": "CUDAExecutionProvider", "cpu": "CPUExecutionProvider"}
# TF32 keeps 10 bits of a float32 product; "f32" promises all 23.
SETTINGS = {"cuda": {"use_tf32": "0"}, "cpu": {}}
# What the CUDA provider links, by the name the loader looks for.
LIBRARIES = {
    "libcuda.so.1": "the NVIDIA driver",
    "libcudart.so.13": "the CUDA 13 runtime",
    "libcublasLt.so.13": "cuBLAS 13",
    "libcudnn.so.9": "cuDNN 9",
}
_FATAL = 4  # the runtime's log level at which only what ends the process is printed


def device_of(options: Options) -> str:
    """The device of the options, "cuda" by default; UsageError for one that is not offered."""
    device = options.device or "cuda"
    if device not in PROVIDERS:
        raise UsageError(f"device={device!r}: backend 'gpu' offers {', '.join(PROVIDERS)}")
    return device


def open_session(model: Model, options: Options) -> tuple[Any, list[Any]]:
    """The model loaded, and what must live as long as it does. Raises BackendMissing."""
    device = device_of(options)
    runtime = runtime_for(device)
    settings = session_settings(runtime, workers(options))
    kept = give_weights(runtime, settings, model)
    provider = PROVIDERS[device]
    try:
        # Sizes are computed on the processor under CUDA too, by the runtime's own choice, so
        # that `session.disable_cpu_ep_fallback` would refuse every program with named sizes.
        session = runtime.InferenceSession(
            model.proto.SerializeToString(),
            settings,
            providers=[provider_of(device)],
            enable_fallback=0,
        )
    except Exception as problem:
        raise _load_error(device, problem) from None
    if session.get_providers()[0] != provider:
        raise BackendMissing(f"no CUDA device answers on this machine; {INSTALL}")
    return session, kept


def provider_of(device: str) -> tuple[str, dict[str, str]]:
    """The provider of a device and its settings, as a session takes them."""
    return PROVIDERS[device], SETTINGS[device]


def runtime_for(device: str) -> Any:
    """The runtime's module; BackendMissing if it is not installed, or not for this device."""
    try:
        import onnxruntime
    except ImportError as problem:
        wanted = INSTALL if device == "cuda" else "pip install 'isthmus[onnx-cpu]'"
        raise BackendMissing(f"ONNX Runtime cannot be imported ({problem}); {wanted}") from None
    if PROVIDERS[device] not in onnxruntime.get_available_providers():
        raise BackendMissing(
            f"onnxruntime {onnxruntime.__version__} here has no CUDA; uninstall onnxruntime, "
            f"then {INSTALL}, or give device='cpu'"
        )
    if device == "cuda":
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


def _load_error(device: str, problem: Exception) -> IsthmusError:
    text = one_line(problem)
    if device == "cuda" and re.search("CUDA|cudnn|cublas|libcu|driver", text, re.IGNORECASE):
        return BackendMissing(f"CUDA could not be started: {text}; {INSTALL}")
    return IsthmusError(f"ONNX Runtime does not load the program: {text}")


def one_line(problem: Exception) -> str:
    """What the runtime said, without its codes; our node's name stays in it."""
    text = " ".join(str(problem).split())
    text = re.sub(r"^\[ONNXRuntimeError\] : \d+ : \w+ : ", "", text)
    found = re.search(r"running (\w+) node\. Name:'([^']*)' Status Message: (.*)", text)
    return f"{found[2]} ({found[1]}): {_shortened(found[3])}" if found else _shortened(text)


def _shortened(text: str) -> str:
    """Without the path and signature of the C++ function that raised it."""
    return re.sub(r"^\S+\.(cc|h|cu|cuh):\d+ .*?\) ", "", text)[:300]
