"""The 1000 classes of ImageNet-1k, and the likeliest of them.

`imagenet_classes.txt` holds them in index order: for each synset of ILSVRC 2012, in the order of
their identifiers, its first lemma in WordNet 3.0 (taken from the lists that timm 1.0.31, under
Apache-2.0, carries in `timm/data/_info`). Where two synsets share that lemma, a bracket tells
them apart: the second lemma, or the word that the synset's definition turns on.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy
from numpy.typing import ArrayLike

from isthmus.errors import UsageError

__all__ = ["imagenet_classes", "top"]


@cache
def imagenet_classes() -> tuple[str, ...]:
    """The names of classes 0 to 999."""
    lines = Path(__file__).with_name("imagenet_classes.txt").read_text("utf-8").splitlines()
    return tuple(line for line in lines if not line.startswith("#"))


def top(logits: ArrayLike, k: int = 5) -> list[tuple[str, float]]:
    """The k likeliest (class, probability), likeliest first; probabilities are softmax(logits).

    logits: [1000] or [1, 1000]. Raises UsageError for other shapes, NaN, and k outside 1..1000.
    """
    values = numpy.asarray(logits, numpy.float64)
    names = imagenet_classes()
    if values.shape not in ((len(names),), (1, len(names))):
        raise UsageError(f"logits of shape {values.shape}; give the {len(names)} of one image")
    if not 1 <= k <= len(names) or not numpy.isfinite(values).all():
        raise UsageError(f"k={k} or a logit is out of range; give finite logits, k in 1..1000")
    row = numpy.exp(values.reshape(-1) - values.max())
    order = numpy.argsort(-row, kind="stable")[:k]
    return [(names[place], float(row[place] / row.sum())) for place in order]
