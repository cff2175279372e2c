"""What `isthmus doctor` says of OpenVINO on this machine."""

from __future__ import annotations

from functools import cache

from isthmus.program.backend import Facts
from isthmus.system import machine

__all__ = ["beside_integers", "facts", "precisions"]


def facts() -> Facts:
    """The remedy where it does not work, and its default precision where it does."""
    remedy = "pip install --force-reinstall openvino"
    return Facts(remedy=remedy, default_precision=_default_precision())


def _default_precision() -> str | None:
    """In which OpenVINO itself would compute float32 models here; None where it does not load."""
    try:
        from .core import core

        hint = core().get_property("CPU", "INFERENCE_PRECISION_HINT")
    except Exception:  # whatever a broken installation raises, the check of the backend tells
        return None
    return str(getattr(hint, "get_type_name", hint.__str__)())


@cache
def precisions() -> tuple[str, ...]:
    """What OpenVINO computes in on this processor.

    It takes any hint, and says of a compiled model which precision that came to: "f32" for "bf16"
    where the processor has no such instructions, "bf16" for "f16" where it has those alone.
    """
    return ("f32", *(name for name in ("bf16", "f16") if _effective(name) == name), "int8")


def beside_integers() -> str:
    """The precision of what integers leave: "bf16" with AMX, else "f32".

    Beside float32 a BERT in integers came out wrong with AMX. Without, float32 is as fast.
    """
    flags = machine.processor_flags()
    unknown = not flags  # systems that do not tell
    return "bf16" if "bf16" in precisions() and (unknown or "amx_int8" in flags) else "f32"


def _effective(hint: str) -> str:
    import openvino
    from openvino import opset16 as ov

    from .core import core

    x = ov.parameter([1], openvino.Type.f32)
    model = openvino.Model([ov.result(ov.relu(x))], [x], "probe")
    compiled = core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": hint})
    return str(compiled.get_property("INFERENCE_PRECISION_HINT").to_string())
