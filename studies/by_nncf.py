"""A model quantized by NNCF, as its users do: run by an interpreter that has it, without Isthmus.

    PYTHON studies/by_nncf.py FOLDER

FOLDER has float32.xml, calibration-N.npz and kind.txt ("images" or "texts"); it gets
nncf-weights-8.xml and nncf-weights-7.xml, whose weights have all bits or, by `overflow_fix`, one
less, which NNCF's users on processors without VNNI have to ask for.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy


def main(folder: Path) -> None:
    import nncf  # type: ignore[import-not-found]
    import openvino

    files = sorted(folder.glob("calibration-*.npz"))
    inputs = [dict(numpy.load(path)) for path in files]
    is_text = (folder / "kind.txt").read_text() == "texts"
    for bits, fix in ((8, nncf.OverflowFix.DISABLE), (7, nncf.OverflowFix.ENABLE)):
        model = openvino.Core().read_model(folder / "float32.xml")
        quantized = nncf.quantize(
            model,
            nncf.Dataset(inputs),
            subset_size=len(inputs),
            model_type=nncf.ModelType.TRANSFORMER if is_text else None,
            advanced_parameters=nncf.AdvancedQuantizationParameters(overflow_fix=fix),
        )
        openvino.save_model(quantized, folder / f"nncf-weights-{bits}.xml", compress_to_fp16=False)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
