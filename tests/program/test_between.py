"""A few numbers between what the host computes stay there, and nothing else does."""

from __future__ import annotations

from typing import Any

import numpy
import pytest

import isthmus as im
from isthmus import np, npx
from isthmus.program.between import REASON

X = numpy.arange(24, dtype=numpy.float32).reshape(4, 6) - 9


def grown(x: Any) -> Any:
    """Sizes by way of floats, and an array of these sizes."""
    sizes = np.astype(np.stack([np.asarray(n, dtype="int64") for n in x.shape]), "float32")
    wanted = np.astype(np.floor(sizes * numpy.array([0.5, 1.5], numpy.float32)), "int64")
    rows, columns = (npx.computed_size(wanted[i]).shape[0] for i in (0, 1))
    return np.tanh(np.full((rows, columns), 0.5, dtype="float32") + np.sum(x))


def test_sizes_that_are_computed_are_one_segment(device_backend: dict[str, Any]) -> None:
    run = im.compile(grown, im.spec("float32", ["n", "m"]), **device_backend)
    for x in (X, X[:3, :3]):
        found, (n, m) = run(x), x.shape
        wanted = numpy.tanh(numpy.float32(0.5) + x.sum())
        numpy.testing.assert_allclose(found, numpy.full((n // 2, 3 * m // 2), wanted), rtol=1e-6)
    said = run.explain()
    assert said.startswith(("2 segment", "3 segment")), said


def hosted(x: Any) -> Any:
    """What no runtime has, of any shape."""
    return npx.erfinv(np.tanh(x))


@pytest.mark.parametrize(
    ("function", "shape", "stays"),
    [
        (lambda x: hosted(np.abs(hosted(x)) / 9), (3,), True),
        (lambda x: hosted(np.abs(hosted(x)) / 9), (9,), False),  # more than a few
        (lambda x: hosted(np.abs(hosted(x)) / 9), (1, 3), False),  # another number of axes
        (lambda x: hosted(np.abs(hosted(x)) / 9), ("n",), False),  # how many is not known
        (lambda x: np.abs(hosted(x)), (3,), False),  # nobody on the host reads it
        (lambda x: hosted(np.abs(x)), (3,), False),  # nobody on the host makes it
        (lambda x: hosted(np.abs(hosted(x)) + np.abs(x)), (3,), False),  # the runtime makes a part
    ],
)
def test_what_stays(
    function: Any, shape: tuple[Any, ...], stays: bool, device_backend: dict[str, Any]
) -> None:
    run = im.compile(function, im.spec("float32", shape), **device_backend)
    x = numpy.full([5 if size == "n" else size for size in shape], 0.3, numpy.float32)
    numpy.testing.assert_allclose(run(x), function(x), rtol=1e-5)
    said = run.explain()
    moved = [line for line in said.splitlines() if REASON in line]
    if stays:
        assert len(moved) == 3 and said.startswith("2 segment"), said  # abs, the division, tanh
    else:
        assert not moved, said
