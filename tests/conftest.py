"""Shared by all tests: their folder on the path, and one profile of hypothesis."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

# Imported by path (`--import-mode=importlib`), tests do not find the tables beside them.
sys.path.insert(0, str(Path(__file__).with_name("tables")))

settings.register_profile("isthmus", derandomize=True, deadline=None, max_examples=60)
settings.load_profile("isthmus")

_NO_RUNTIME = pytest.mark.skipif(
    find_spec("onnxruntime") is None,
    reason="backend gpu needs ONNX Runtime: install isthmus[onnx-cpu] or isthmus[gpu]",
)


@pytest.fixture(
    params=[
        pytest.param({"backend": "cpu"}, id="cpu"),
        pytest.param({"backend": "gpu", "device": "cpu"}, id="gpu", marks=_NO_RUNTIME),
    ]
)
def device_backend(request: pytest.FixtureRequest) -> dict[str, Any]:
    """The options of `compile` that choose a runtime; the gpu backend runs on the processor."""
    options: dict[str, Any] = request.param
    return options
