"""The backends as `isthmus.compile` takes them, all of which run on a machine without a GPU."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any

import pytest

__all__ = ["BACKENDS", "INSTALLED", "RUNTIMES", "each_backend", "each_runtime", "parameters"]

Options = dict[str, Any]

RUNTIMES: Mapping[str, Options] = {
    "cpu": {"backend": "cpu"},
    "gpu": {"backend": "gpu", "device": "cpu"},
}
BACKENDS: Mapping[str, Options] = {"numpy": {"backend": "numpy"}, **RUNTIMES}

# A light installation has no ONNX Runtime.
LACKING = () if find_spec("onnxruntime") else ("gpu",)
INSTALLED = [name for name in BACKENDS if name not in LACKING]
_LACKS = pytest.mark.skip(
    "backend gpu needs ONNX Runtime: install isthmus[onnx-cpu] or isthmus[gpu]"
)


def parameters(values: Mapping[str, Any]) -> list[Any]:
    """A value for each backend, of which those that are not installed are skipped."""
    return [
        pytest.param(value, id=name, marks=[_LACKS] * (name in LACKING))
        for name, value in values.items()
    ]


each_backend = pytest.mark.parametrize("backend", parameters({name: name for name in BACKENDS}))
each_runtime = pytest.mark.parametrize("backend", parameters({name: name for name in RUNTIMES}))
