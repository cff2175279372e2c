"""What an ONNX Runtime user writes by hand: a session on the processor, called with a dict."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..timing.timing import Call

LOADS_APART = False  # a session reads, optimises and prepares the file in one step
_ERRORS = 3  # log level: warnings about the graph are not the measurement's


def load(folder: Path, options: Mapping[str, Any], threads: int) -> Path:
    """The file's path, which the session is made from."""
    import onnxruntime  # noqa: F401  # imported here, so that its time counts as import

    return folder / "model.onnx"


def compile(loaded: Path, options: Mapping[str, Any], threads: int) -> Call:
    """The session, with one pool of threads."""
    import onnxruntime

    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = threads
    settings.inter_op_num_threads = 1
    settings.log_severity_level = _ERRORS
    providers = ["CPUExecutionProvider"]
    session = onnxruntime.InferenceSession(str(loaded), settings, providers=providers)
    return lambda arrays: session.run(None, arrays)


def runtime() -> str:
    """The package and its version."""
    import onnxruntime

    return f"onnxruntime {onnxruntime.__version__}"
