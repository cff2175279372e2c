"""Tensors of published checkpoints that are several of ours, or ours in another shape."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy

__all__ = ["FLAT", "JOINED", "apart"]

Array = numpy.ndarray[Any, Any]

# family: a part of a name, and the parts that are stacked there along the first axis
JOINED = {"vit": (".qkv.", (".query.", ".key.", ".value."))}


# family: convolutions as large as their image, which here are dense layers
FLAT = {"vgg": ("pre_logits.fc1.weight",)}


def apart(tensors: Mapping[str, Array], family: str) -> dict[str, Array]:
    """The same, with each tensor that is several of ours as those, under names of their own, and
    each that is one of `FLAT` as [outputs, inputs]."""
    flat = FLAT.get(family, ())
    shaped = {name: _flat(array) if name in flat else array for name, array in tensors.items()}
    return dict(_each(shaped, *JOINED[family])) if family in JOINED else shaped


def _flat(tensor: Array) -> Array:
    return tensor.reshape(len(tensor), -1) if tensor.ndim > 2 and tensor.size else tensor


def _each(
    tensors: Mapping[str, Array], whole: str, parts: tuple[str, ...]
) -> Iterator[tuple[str, Array]]:
    for name, tensor in tensors.items():
        if whole in name and tensor.ndim and len(tensor) % len(parts) == 0:
            for part, rows in zip(parts, numpy.split(tensor, len(parts)), strict=True):
                yield name.replace(whole, part), rows
        else:
            yield name, tensor
