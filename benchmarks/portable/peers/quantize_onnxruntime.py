"""The int8 files that an ONNX Runtime user makes by hand, with `onnxruntime.quantization`.

Static (QDQ): scales of activations from calibration inputs, uint8 with int8 weights per channel,
as its documentation advises for x86. Where the processor has no VNNI, weights get seven bits: of
eight, sums of two products saturate. Dynamic: weights alone are quantized, activations in every
call.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..timing.inputs import read_sets

FLAGS = Path("/proc/cpuinfo")


def make(folder: Path, options: Mapping[str, Any]) -> None:
    """Write the variant's `file` from `model.onnx`; `scheme` says which."""
    write = {"dynamic": _dynamic, "static": _static}[options["scheme"]]
    write(folder, folder / options["file"])


def _dynamic(folder: Path, file: Path) -> None:
    from onnxruntime.quantization import QuantType, quantize_dynamic

    quantize_dynamic(
        folder / "model.onnx",
        file,
        per_channel=True,
        reduce_range=not has_vnni(),
        weight_type=QuantType.QInt8,
    )


def _static(folder: Path, file: Path) -> None:
    from onnxruntime.quantization import CalibrationMethod, QuantFormat, QuantType, quantize_static

    quantize_static(
        folder / "model.onnx",
        file,
        Reader(folder / "calibration.npz"),
        quant_format=QuantFormat.QDQ,
        per_channel=True,
        reduce_range=not has_vnni(),
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
        calibrate_method=CalibrationMethod.MinMax,
    )


class Reader:
    """Calibration inputs, one set after the other: a `CalibrationDataReader`."""

    def __init__(self, path: Path) -> None:
        self._sets = iter(read_sets(path))

    def get_next(self) -> Any:
        return next(self._sets, None)


def has_vnni() -> bool:
    """Whether the processor multiplies bytes and sums them in 32 bits in one instruction."""
    try:
        return "vnni" in FLAGS.read_text(encoding="utf-8")
    except OSError:
        return False
