"""Masks of attention: truth values select, floats are added, integers are refused."""

from __future__ import annotations

from typing import Any

import numpy
import pytest
from backends import BACKENDS, each_backend

import isthmus as im
from isthmus import npx
from isthmus.errors import UsageError

FLOAT = numpy.float32
Q, V = numpy.ones((1, 2, 2), FLOAT), numpy.array([[[1, 1], [9, 9]]], FLOAT)
attention = npx.scaled_dot_product_attention

MASKS: dict[str, tuple[Any, list[float]]] = {  # the mask, and the first column of the result
    "causal": (numpy.tril(numpy.ones((2, 2), bool)), [1, 5]),
    "a row of nothing": (numpy.array([[False, False], [True, True]]), [0, 5]),
    "nothing": (numpy.zeros((2, 2), bool), [0, 0]),
    "by position": (numpy.array([False, True]), [9, 9]),
    "one for all": (numpy.array(True), [5, 5]),
    "none for all": (numpy.array(False), [0, 0]),
    "by batch": (numpy.array([[[True, False]]]), [1, 1]),
    "added": (numpy.array([[0, -1e9], [0, 0]], FLOAT), [1, 5]),
    "infinite": (numpy.array([[0, -numpy.inf], [-numpy.inf, -numpy.inf]], FLOAT), [1, 0]),
}


@pytest.mark.parametrize("name", MASKS)
def test_on_numpy_arrays(name: str) -> None:
    mask, wanted = MASKS[name]
    numpy.testing.assert_allclose(attention(Q, Q, V, mask)[0, :, 0], wanted, rtol=1e-6)


@each_backend
@pytest.mark.parametrize("is_constant", [True, False])
@pytest.mark.parametrize("name", MASKS)
def test_compiled(name: str, is_constant: bool, backend: str) -> None:
    mask, wanted = MASKS[name]
    specs = [im.spec(a.dtype, ["b", *a.shape[1:]]) for a in (Q, Q, V)]
    if is_constant:
        run = im.compile(lambda q, k, v: attention(q, k, v, mask), specs, **BACKENDS[backend])
        found = run(Q, Q, V)
    else:
        specs.append(im.spec(mask.dtype, mask.shape))
        found = im.compile(attention, specs, **BACKENDS[backend])(Q, Q, V, mask)
    numpy.testing.assert_allclose(found[0, :, 0], wanted, rtol=1e-6)


def test_a_mask_may_be_a_list() -> None:
    mask, wanted = MASKS["causal"]
    numpy.testing.assert_allclose(attention(Q, Q, V, mask.tolist())[0, :, 0], wanted, rtol=1e-6)


@pytest.mark.parametrize("dtype", [numpy.int64, numpy.uint8])
def test_integers_are_refused(dtype: Any) -> None:
    mask = numpy.ones((2, 2), dtype)
    with pytest.raises(UsageError, match="give truth values, as mask != 0 are"):
        attention(Q, Q, V, mask)
    specs = tuple(im.spec(a.dtype, a.shape) for a in (Q, Q, V, mask))
    with pytest.raises(UsageError, match="give truth values, as mask != 0 are"):
        im.compile(attention, specs, backend="numpy")


def test_the_size_of_a_head_may_be_a_name() -> None:
    specs = tuple(im.spec("float32", ["b", "s", "d"]) for _ in range(3))
    found = im.compile(attention, specs, backend="cpu")(Q, Q, V)
    numpy.testing.assert_allclose(found, attention(Q, Q, V), rtol=1e-6)


SHAPES = [((2, 3, 4), (2, 0, 4), (2, 0, 5)), ((2, 0, 4), (2, 3, 4), (2, 3, 5)), ((0, 1, 4),) * 3]


@each_backend
@pytest.mark.parametrize("is_masked", [True, False])
@pytest.mark.parametrize("shapes", SHAPES, ids=str)
def test_over_no_positions(shapes: Any, is_masked: bool, backend: str) -> None:
    """Of none there is nothing to see: 0."""
    arrays = [numpy.ones(shape, FLOAT) for shape in shapes]
    if is_masked:
        arrays.append(numpy.zeros((shapes[0][1], shapes[1][1]), FLOAT))
    names = (("b", "s", "d"), ("b", "t", "d"), ("b", "t", "e"), ("s", "t"))
    wanted = attention(*arrays)
    assert wanted.shape == (*shapes[0][:2], shapes[2][2]) and not wanted.any()
    for named in (True, False):
        sizes = [list(n) if named else a.shape for n, a in zip(names, arrays, strict=False)]
        run = im.compile(
            attention, tuple(im.spec("float32", s) for s in sizes), **BACKENDS[backend]
        )
        numpy.testing.assert_array_equal(run(*arrays), wanted)


def test_the_gradient_of_a_masked_row_is_zero() -> None:
    mask = numpy.array([[False, False], [True, True]])

    def loss(q: Any) -> Any:
        return (attention(q, Q.astype(float), V.astype(float), mask) ** 2).sum()

    found = im.grad(loss)(Q.astype(float) * [1, 2])
    assert numpy.isfinite(found).all() and not found[0, 0].any()
