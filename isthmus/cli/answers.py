"""What a run found, for people and for machines."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from typing import Any

from isthmus.models.inputs import labels
from isthmus.models.run import ImageRun, TextRun

from .show import say, shortened, shortened_path, show_table

__all__ = ["document", "show"]


def document(done: TextRun | ImageRun, top: int) -> dict[str, Any]:
    """Texts and the matrix of their similarities, or images and the labels of each."""
    if isinstance(done, TextRun):
        return {"texts": list(done.texts), "similarities": done.similarities.tolist()}
    found = [
        [{"label": name, "probability": probability} for name, probability in row]
        for row in likeliest(done, top)
    ]
    return {"images": list(done.paths), "labels": found}


def show(about: Mapping[str, str], done: TextRun | ImageRun, top: int) -> None:
    """The same as tables."""
    title = "{model}, {weights} weights, on {backend}".format(**about)
    if isinstance(done, TextRun):
        _show_pairs(title, done, top)
    else:
        _show_labels(title, done, top)


def likeliest(done: ImageRun, top: int) -> list[list[tuple[str, float]]]:
    """For each image the `top` likeliest (class, probability)."""
    most = min(top, len(labels.imagenet_classes()))
    return [labels.top(row, most) for row in done.arrays["logits"]]


def _show_labels(title: str, done: ImageRun, top: int) -> None:
    rows = [
        ("" if at else shortened_path(path), name, f"{probability:.2%}")
        for path, found in zip(done.paths, likeliest(done, top), strict=True)
        for at, (name, probability) in enumerate(found)
    ]
    show_table(title, ("image", "label", "probability"), rows, right=1)


def _show_pairs(title: str, done: TextRun, top: int) -> None:
    """The most similar pairs first; a single text has none."""
    pairs = _pairs(done)
    rows = [(shortened(a), shortened(b), f"{similarity:.4f}") for similarity, a, b in pairs[:top]]
    if rows:
        show_table(title, ("text", "text", "similarity"), rows, right=1)
    if len(pairs) > top:
        say(f"{top} of {len(pairs)} pairs; --top {len(pairs)} prints all")
    if not pairs:
        width = done.embeddings.shape[1]
        say(f"{title}: one embedding of {width} numbers; give a second --text to compare")


def _pairs(done: TextRun) -> list[tuple[float, str, str]]:
    places = combinations(range(len(done.texts)), 2)
    found = [(float(done.similarities[a, b]), done.texts[a], done.texts[b]) for a, b in places]
    return sorted(found, key=lambda pair: -pair[0])
