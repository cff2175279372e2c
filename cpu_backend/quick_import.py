"""OpenVINO without its converter of other frameworks' models, until somebody asks for it.

The package imports `openvino.tools.ovc`, and with it a client of HTTP for telemetry, to offer one
name, `convert_model`. That is more than a third of the processor time that importing it takes.
"""

from __future__ import annotations

import sys
from typing import Any

__all__ = ["import_openvino"]

CONVERTER, NAME = "openvino.tools.ovc", "convert_model"


def import_openvino() -> None:
    """Import OpenVINO; nothing where that is done. `openvino.convert_model` works as ever."""
    if "openvino" in sys.modules or CONVERTER in sys.modules:
        return
    modules: dict[str, Any] = sys.modules
    modules[CONVERTER] = None  # so that importing it fails
    try:
        import openvino
    finally:
        del modules[CONVERTER]
    if not hasattr(openvino, "__getattr__"):
        openvino.__getattr__ = _imported_late


def _imported_late(name: str) -> Any:
    """An attribute that OpenVINO has not got yet."""
    if name != NAME:
        raise AttributeError(f"module 'openvino' has no attribute '{name}'")
    import openvino
    from openvino.tools.ovc import convert_model

    openvino.convert_model = convert_model
    return convert_model
