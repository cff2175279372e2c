"""What an ONNX Runtime user writes by hand: a session on the processor, called with a dict.

Options: `file`, the model's, where it is another than `model.onnx`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..timing.precision import with_precision
from ..timing.timing import Call

LOADS_APART = False  # a session reads, optimises and prepares the file in one step
_ERRORS = 3  # log level: warnings about the graph are not the measurement's


def load(folder: Path, options: Mapping[str, Any], threads: int) -> Path:
    """The file's path, which the session is made from."""
    import onnxruntime  # noqa: F401  # imported here, so that its time counts as import

    return folder / options.get("file", "model.onnx")


def compile(loaded: Path, options: Mapping[str, Any], threads: int) -> Call:
    """The session, with one pool of threads."""
    from .onnxruntime_precision import products

    session = _session(loaded, threads)

    def call(arrays: Any) -> list[Any]:
        results: list[Any] = session.run(None, arrays)
        return results

    return with_precision(call, lambda: products(lambda **more: _session(loaded, threads, **more)))


def _session(path: Path, threads: int, **settings: Any) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = _ERRORS
    for name, value in settings.items():
        setattr(options, name, value)
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def runtime() -> str:
    """The package and its version."""
    import onnxruntime

    return f"onnxruntime {onnxruntime.__version__}"
