"""Random numbers: by the seed in the file; without one other numbers at every call of a block."""

from __future__ import annotations

import struct
from typing import Any

import numpy

from isthmus import np, npx
from isthmus.errors import UsageError
from isthmus.trace.discovery import is_recording

from ..facts import Facts, Row, row
from .types import dtype_of

__all__ = ["ROWS"]


def _key(facts: Facts) -> Any:
    """A key for the seed. The standard says no numbers for one, and no two libraries agree."""
    seed = facts.get("seed")
    if seed is not None:
        return numpy.frombuffer(struct.pack("<f", seed), numpy.uint32)[0]
    if is_recording():
        raise UsageError(
            "random numbers without a seed: a program would draw the same ones at every call; set "
            "the attribute seed in the file, or give the program numbers of npx.random_uniform"
        )
    return numpy.random.SeedSequence().generate_state(1)[0]


def _dtype(facts: Facts, otherwise: Any) -> Any:
    number = facts.get("dtype", 0)
    return dtype_of(number) if number else otherwise


def _normal(facts: Facts, shape: Any, dtype: Any) -> Any:
    x = npx.random_normal(_key(facts), tuple(shape))
    return np.astype(x * facts.get("scale", 1.0) + facts.get("mean", 0.0), dtype, copy=False)


def _uniform(facts: Facts, shape: Any, dtype: Any) -> Any:
    low, high = facts.get("low", 0.0), facts.get("high", 1.0)
    x = npx.random_uniform(_key(facts), tuple(shape))
    return np.astype(x * (high - low) + low, dtype, copy=False)


def normal(facts: Facts) -> Any:
    return _normal(facts, facts["shape"], _dtype(facts, numpy.float32))


def normal_like(facts: Facts, x: Any) -> Any:
    return _normal(facts, x.shape, _dtype(facts, x.dtype))


def uniform(facts: Facts) -> Any:
    return _uniform(facts, facts["shape"], _dtype(facts, numpy.float32))


def uniform_like(facts: Facts, x: Any) -> Any:
    return _uniform(facts, x.shape, _dtype(facts, x.dtype))


def bernoulli(facts: Facts, x: Any) -> Any:
    """1 as often as x says, else 0."""
    drawn = npx.random_uniform(_key(facts), tuple(x.shape))
    return np.astype(drawn < x, _dtype(facts, x.dtype))


def multinomial(facts: Facts, x: Any) -> Any:
    """[N, samples] of [N, C]: classes, each as often as softmax(x) says."""
    rows, count = x.shape
    ends = np.cumsum(npx.softmax(np.astype(x, numpy.float32, copy=False), axis=1), axis=1)
    drawn = npx.random_uniform(_key(facts), (rows, facts.get("sample_size", 1)))
    below = np.expand_dims(ends, 1) <= np.expand_dims(drawn, 2)
    found = np.sum(np.astype(below, numpy.int64), axis=2)
    return np.astype(np.minimum(found, count - 1), _dtype(facts, numpy.int32))


ROWS: dict[str, Row] = {
    "Bernoulli": row(bernoulli),
    "Multinomial": row(multinomial),
    "RandomNormal": row(normal),
    "RandomNormalLike": row(normal_like),
    "RandomUniform": row(uniform),
    "RandomUniformLike": row(uniform_like),
}
