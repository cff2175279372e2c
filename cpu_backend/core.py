"""OpenVINO's core."""

from __future__ import annotations

from functools import cache

import openvino

__all__ = ["core"]


@cache
def core() -> openvino.Core:
    """The one OpenVINO core of the process."""
    return openvino.Core()
