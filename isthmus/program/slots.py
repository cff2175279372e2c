"""What is asked of folders that lie above: slots that `isthmus/__init__.py` fills.

tune, `isthmus.tuning`: `automatic(traced, samples, backend, options, on_host)` gives the Options
that `precision="auto"` chose, or an Executable. onnx, `isthmus.onnx.read.block`: `block(path)`
gives the block of an ONNX file, `program(path)` what it computes for the types that the file
states. Either is imported when it is called.
"""

from __future__ import annotations

from typing import Any

from isthmus.trace.slots import Slot

__all__ = ["onnx", "tune"]

onnx: Any = Slot("isthmus")
tune: Any = Slot("isthmus")
