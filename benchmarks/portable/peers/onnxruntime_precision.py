"""The precisions of what ONNX Runtime makes of a model, from the profile of a call."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy

__all__ = ["products"]

MULTIPLY = ("Attention", "Conv", "Gemm", "MatMul")  # what the names of such kernels have in them
NAMES = {"float": "f32", "float16": "f16", "bfloat16": "bf16", "double": "f64"}
INTEGERS = frozenset({"int8", "uint8"})


def products(session: Callable[..., Any]) -> dict[str, int]:
    """How many matrix products and convolutions are in which precision.

    session: makes one of the model, with options beside the usual. It is called once, with zeros.
    """
    with TemporaryDirectory(prefix="isthmus-profile-") as folder:
        made = session(enable_profiling=True, profile_file_prefix=str(Path(folder) / "call"))
        made.run(None, {one.name: _zeros(one) for one in made.get_inputs()})
        events = json.loads(Path(made.end_profiling()).read_text(encoding="utf-8"))
    return dict(Counter(filter(None, map(_precision, events))))


def _precision(event: dict[str, Any]) -> str:
    """Of a kernel that multiplies; "" for all else. One with an integer among its factors is of
    integers: such kernels quantize what comes in float32 first."""
    kernel = event.get("args", {}).get("op_name", "")
    if not event["name"].endswith("_kernel_time") or not any(word in kernel for word in MULTIPLY):
        return ""
    types = [next(iter(each), "") for each in event["args"].get("input_type_shape", ())]
    return "int8" if INTEGERS & set(types) else NAMES.get(types[0], types[0])


def _zeros(value: Any) -> Any:
    """Of the input's type; 1 for sizes that have no number."""
    types = {"float": "float32", "double": "float64", "float16": "float16"}
    name = value.type.removeprefix("tensor(").removesuffix(")")
    shape = [size if isinstance(size, int) else 1 for size in value.shape]
    return numpy.zeros(shape, types.get(name, name))
