"""The int8 file that an OpenVINO user makes by hand, with `nncf.quantize`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..timing.inputs import read_sets


def make(folder: Path, options: Mapping[str, Any]) -> None:
    """Write the variant's `file`, an IR, from the model; `transformer`: NNCF's rules for those."""
    import nncf  # type: ignore[import-not-found]
    import openvino

    sets = read_sets(folder / "calibration.npz")
    ir = folder / "model.xml"
    model = openvino.Core().read_model(ir if ir.exists() else folder / "model.onnx")
    kind = nncf.ModelType.TRANSFORMER if _attends(model) else None
    quantized = nncf.quantize(model, nncf.Dataset(sets), subset_size=len(sets), model_type=kind)
    openvino.save_model(quantized, folder / options["file"], compress_to_fp16=False)


def _attends(model: Any) -> bool:
    """Whether it is a transformer: products of two activations, and softmax."""
    kinds = {node.get_type_name() for node in model.get_ops()}
    return bool(kinds & {"Softmax", "ScaledDotProductAttention"} and "MVN" in kinds)
