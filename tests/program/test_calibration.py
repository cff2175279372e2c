"""What is seen in arrays while samples run: of images as they are, of others inside the program."""

from __future__ import annotations

from typing import Any

import numpy
import pytest

import isthmus as im
from isthmus import np
from isthmus.errors import UsageError
from isthmus.graph.nodes import Value
from isthmus.program.backend import find_backend
from isthmus.program.calibration import seen_in
from isthmus.program.options import Options
from isthmus.rewrite.quantization.integers import Statistics

RANDOM = numpy.random.default_rng(0)
SAMPLES = [RANDOM.standard_normal((1 + i, 3, 5, 4), numpy.float32) + i for i in range(3)]


def seen(function: Any, axis: int, backend: dict[str, Any], samples: Any = SAMPLES) -> Statistics:
    """Of the result of a function, and what was seen of its channels."""
    traced = im.trace(function, im.spec("float32", ["n", 3, 5, 4]))
    value: Value = traced.graph.outputs[0]
    options = Options(device=backend.get("device"))
    name = backend["backend"]
    return seen_in(traced, traced.graph, [(value, axis)], samples, find_backend(name), options)[
        id(value)
    ]


def test_the_mean_of_each_channel_is_that_of_the_samples(any_backend: dict[str, Any]) -> None:
    for axis, others in ((1, (0, 2, 3)), (-1, (0, 1, 2))):
        found = seen(np.tanh, axis, any_backend)
        means = [numpy.tanh(x).mean(axis=others, dtype=numpy.float64) for x in SAMPLES]
        numpy.testing.assert_allclose(found.mean, numpy.mean(means, axis=0), rtol=1e-5)


def test_the_range_is_that_of_all_samples_and_of_images_the_part_that_is_nearest(
    any_backend: dict[str, Any],
) -> None:
    inside = seen(np.tanh, -1, any_backend)
    every = [numpy.tanh(x) for x in SAMPLES]
    wanted = [numpy.min([x.min(axis=(0, 1, 2)) for x in every], axis=0)]
    numpy.testing.assert_allclose(inside.low, wanted[0], rtol=1e-5)
    image = seen(np.tanh, 1, any_backend)
    low = numpy.min([x.min(axis=(0, 2, 3)) for x in every], axis=0)
    high = numpy.max([x.max(axis=(0, 2, 3)) for x in every], axis=0)
    ratio = image.high[0] / high[0]
    assert 0.4 <= ratio <= 1 + 1e-5
    numpy.testing.assert_allclose(image.low, low * ratio, rtol=1e-5)
    numpy.testing.assert_allclose(image.high, high * ratio, rtol=1e-5)


@pytest.mark.parametrize("axis", [1, -1])
@pytest.mark.parametrize("special", [numpy.inf, -numpy.inf, numpy.nan])
def test_what_is_not_finite_is_an_error(axis: int, special: float) -> None:
    x = SAMPLES[0].copy()
    x[0, 1, 2, 3] = special
    with pytest.raises(UsageError, match="infinite or no number"):
        seen(lambda x: x * 2, axis, {"backend": "numpy"}, [*SAMPLES, x])
