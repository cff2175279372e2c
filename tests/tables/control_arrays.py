"""Arrays and types of the programs with branches and loops."""

from __future__ import annotations

from typing import Any

import numpy

from isthmus import spec

_random = numpy.random.default_rng(0)
WEIGHT = _random.standard_normal((3, 3), numpy.float32)
BIG = _random.standard_normal((40, 40), numpy.float32) / 8
TABLE = _random.standard_normal((7, 3), numpy.float32)


def f(*shape: int) -> Any:
    return numpy.asarray(_random.standard_normal(shape, numpy.float32))


def i(number: int) -> Any:
    return numpy.asarray(number, numpy.int32)


def b(truth: bool) -> Any:
    return numpy.asarray(truth)


COUNT, TRUTH = spec("int32"), spec("bool")
ROW, NAMED = spec("float32", [3]), spec("float32", ["n", 3])
BOTH = [(b(True), f(3)), (b(False), f(3)), (b(True), f(3))]
COUNTS = [(i(n), f(3)) for n in (3, 0, 1, 8, 0, 2)]
ROWS = [(f(n, 3), f(3)) for n in (4, 1, 7, 4, 2)]
