"""What users may tell ONNX Runtime beside the program: memory, arithmetic, the provider.

They are given among `levers` of `isthmus.compile`. Unlike levers they have more values than can be
tried, or change what is computed, so that `isthmus.tune` leaves them alone; nor are they saved.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from isthmus.errors import BackendMissing, UsageError
from isthmus.program.backend import Setting
from isthmus.program.options import Options

from .device import device_of

__all__ = ["CUDA_GRAPH", "SETTINGS", "provider_options", "settings_of"]

LEAST_MEMORY_BYTES = 2**20
TF32, CUDA_GRAPH, MEMORY, ARENA, PROVIDER = (
    *("tf32", "cuda_graph"),
    *("memory_limit_bytes", "arena", "provider"),
)
ARENAS = {
    "next_power_of_two": "kNextPowerOfTwo",
    "same_as_requested": "kSameAsRequested",
}


def _is_memory(value: object) -> bool:
    return type(value) is int and value >= LEAST_MEMORY_BYTES


def _is_truth(value: object) -> bool:
    return isinstance(value, bool)


ON_CUDA: Mapping[str, Setting] = {
    TF32: Setting(_is_truth, "False, or True to round factors of float32 to 10 bits"),
    CUDA_GRAPH: Setting(_is_truth, "False, or True for bound calls to be one CUDA graph"),
    MEMORY: Setting(_is_memory, f"a whole number of bytes from {LEAST_MEMORY_BYTES}"),
    ARENA: Setting(lambda value: value in ARENAS, " or ".join(map(repr, ARENAS))),
    PROVIDER: Setting(lambda value: value in ("cuda", "tensorrt"), "'cuda' or 'tensorrt'"),
}
ON_CPU: Mapping[str, Setting] = {
    ARENA: Setting(lambda value: value in ("on", "off"), "'on' or 'off'"),
}
SETTINGS = {"cuda": ON_CUDA, "cpu": ON_CPU}


def settings_of(options: Options) -> Mapping[str, Setting]:
    """Those of the device of the options."""
    return SETTINGS[device_of(options).kind]


def provider_options(options: Options) -> dict[str, str]:
    """The options of the CUDA provider.

    TF32 keeps 10 bits of a float32 factor; "f32" promises all 23, so that it is off unless asked.
    """
    extra = options.extra
    found = {
        "device_id": str(device_of(options).number),
        "use_tf32": str(int(extra.get(TF32, False))),
    }
    if MEMORY in extra:
        found["gpu_mem_limit"] = str(extra[MEMORY])
    if ARENA in extra:
        found["arena_extend_strategy"] = ARENAS[extra[ARENA]]
    if extra.get(CUDA_GRAPH):
        found["enable_cuda_graph"] = "1"
    return found


def tensorrt_options(options: Options) -> dict[str, str]:
    """The options of the TensorRT provider. It builds an engine when it meets new sizes."""
    if options.extra.get(CUDA_GRAPH):
        raise UsageError("cuda_graph=True with provider='tensorrt'; leave out one of them")
    found = {
        "device_id": str(device_of(options).number),
        "trt_fp16_enable": str(int(options.precision == "f16")),
    }
    if MEMORY in options.extra:
        found["trt_max_workspace_size"] = str(options.extra[MEMORY])
    return found


def is_tensorrt(options: Options) -> bool:
    return bool(options.extra.get(PROVIDER) == "tensorrt")


def check_tensorrt(runtime: Any) -> None:
    """BackendMissing where the provider or its libraries are not installed."""
    import ctypes

    if "TensorrtExecutionProvider" not in runtime.get_available_providers():
        raise BackendMissing(f"onnxruntime {runtime.__version__} here has no TensorRT provider")
    for name in ("libnvinfer.so.10", "libnvonnxparser.so.10"):
        try:
            ctypes.CDLL(name)
        except OSError:
            raise BackendMissing(
                f"TensorRT 10 ({name}) cannot be loaded; pip install tensorrt-cu13, or leave out "
                "provider='tensorrt'"
            ) from None
