"""Tensors of published checkpoints that are several of ours."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy

__all__ = ["JOINED", "apart"]

Array = numpy.ndarray[Any, Any]

# family: a part of a name, and the parts that are stacked there along the first axis
JOINED = {"vit": (".qkv.", (".query.", ".key.", ".value."))}


def apart(tensors: Mapping[str, Array], family: str) -> dict[str, Array]:
    """The same, with each tensor that is several of ours as those, under names of their own."""
    return dict(_each(tensors, *JOINED[family])) if family in JOINED else dict(tensors)


def _each(
    tensors: Mapping[str, Array], whole: str, parts: tuple[str, ...]
) -> Iterator[tuple[str, Array]]:
    for name, tensor in tensors.items():
        if whole in name and tensor.ndim and len(tensor) % len(parts) == 0:
            for part, rows in zip(parts, numpy.split(tensor, len(parts)), strict=True):
                yield name.replace(whole, part), rows
        else:
            yield name, tensor
