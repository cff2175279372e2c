"""What `isthmus doctor` says of OpenVINO on this machine."""

from __future__ import annotations

from isthmus.program.backend import Facts

__all__ = ["facts"]


def facts() -> Facts:
    """The remedy where it does not work, and its default precision where it does."""
    remedy = "pip install --force-reinstall openvino"
    return Facts(remedy=remedy, default_precision=_default_precision())


def _default_precision() -> str | None:
    """In which OpenVINO itself would compute float32 models here; None where it does not load."""
    try:
        from .executor import core

        hint = core().get_property("CPU", "INFERENCE_PRECISION_HINT")
    except Exception:  # whatever a broken installation raises, the check of the backend tells
        return None
    return str(getattr(hint, "get_type_name", hint.__str__)())
