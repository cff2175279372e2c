"""Functions that `npx` has by MXNet's names: eager and compiled, as what they stand for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy
import pytest

import isthmus as im
from isthmus import npx
from isthmus.errors import UsageError

RANDOM = numpy.random.default_rng(4)
X = RANDOM.standard_normal((4, 3, 2), numpy.float32)
LENGTHS = numpy.array([1, 4, 2])
MASK = numpy.array([[True, False, True], [False, False, False]])
ROWS = RANDOM.standard_normal((2, 3), numpy.float32)


def masked_lines(x: Any, mask: Any) -> Any:
    found = numpy.zeros_like(x)
    for line, keeps, one in zip(x, mask, found, strict=True):
        e = numpy.exp(line[keeps])
        one[keeps] = e / e.sum()
    return found


def reversed_lines(x: Any, lengths: Any) -> Any:
    found = x.copy()
    for i, n in enumerate(lengths):
        found[:n, i] = x[:n, i][::-1]
    return found


def ordered(x: Any, k: int) -> Any:
    return numpy.take_along_axis(x, numpy.argsort(-x, axis=0, kind="stable")[:k], axis=0)


CASES: dict[str, tuple[Callable[..., Any], tuple[Any, ...], Any]] = {
    "arange_like": (
        lambda x: npx.arange_like(x, start=2, step=3, axis=0), (X,), [2.0, 5.0, 8.0, 11.0],
    ),
    "batch_dot": (
        lambda a: npx.batch_dot(a, a, transpose_a=True), (X,),
        numpy.matmul(numpy.swapaxes(X, 1, 2), X),
    ),
    "masked_log_softmax": (
        lambda x, m: npx.masked_log_softmax(x, m), (ROWS, MASK), None,
    ),
    "masked_softmax": (npx.masked_softmax, (ROWS, MASK), masked_lines(ROWS, MASK)),
    "one_hot": (
        lambda i: npx.one_hot(i, 4, on_value=2, off_value=-1, dtype="int32"), (LENGTHS,),
        numpy.array([[-1, 2, -1, -1], [-1, -1, -1, -1], [-1, -1, 2, -1]]),
    ),
    "pick": (
        lambda x, i: npx.pick(x, i, axis=0), (X[..., 0], LENGTHS),
        X[numpy.array([1, 3, 2]), numpy.arange(3), 0],
    ),
    "pick-wrap": (
        lambda x, i: npx.pick(x, i, axis=0, mode="wrap", keepdims=True), (X[..., 0], LENGTHS),
        X[numpy.array([1, 0, 2]), numpy.arange(3), 0][None],
    ),
    "reshape_like": (
        lambda x, y: npx.reshape_like(x, y, lhs_begin=1, rhs_begin=1),
        (X, X.reshape(4, 2, 3)), X.reshape(4, 2, 3),
    ),
    "sequence_last": (
        npx.sequence_last, (X, LENGTHS), X[LENGTHS - 1, numpy.arange(3)],
    ),
    "sequence_mask": (
        lambda x, n: npx.sequence_mask(x, n, value=-1), (X, LENGTHS),
        numpy.where((numpy.arange(4)[:, None] < LENGTHS)[..., None], X, numpy.float32(-1)),
    ),
    "sequence_reverse": (npx.sequence_reverse, (X, LENGTHS), reversed_lines(X, LENGTHS)),
    "topk": (lambda x: npx.topk(x, 2, axis=0, ret_typ="value"), (X,), ordered(X, 2)),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_function(name: str, any_backend: dict[str, Any]) -> None:
    function, arrays, wanted = CASES[name]
    eager = function(*arrays)
    if wanted is not None:
        numpy.testing.assert_allclose(eager, wanted, rtol=1e-6, atol=1e-7)
    for leading in ("", "n"):
        first = arrays[0].shape[0]
        types = tuple(
            im.spec(a.dtype, [leading if leading and n == first else n for n in a.shape])
            for a in arrays
        )
        found = im.compile(function, types, **any_backend)(*arrays)
        assert found.dtype == numpy.asarray(eager).dtype
        numpy.testing.assert_allclose(found, eager, rtol=1e-5, atol=1e-6)


def test_a_line_that_is_masked_whole() -> None:
    assert npx.masked_softmax(ROWS, MASK)[1].tolist() == [0, 0, 0]
    assert numpy.isneginf(npx.masked_log_softmax(ROWS, MASK)[1]).all()


def test_ties_and_nan_of_the_largest() -> None:
    x = numpy.array([1.0, 5, numpy.nan, 5, 1])
    values, positions = npx.topk(x, 3, ret_typ="both")
    assert positions.tolist() == [2, 1, 3] and values.tolist()[1:] == [5, 5]
    assert npx.topk(x, 3, is_ascend=True).tolist() == [0, 4, 1]
    with pytest.raises(UsageError, match="k=6 of 5 elements"):
        npx.topk(x, 6)
    with pytest.raises(UsageError, match="ret_typ='mask'"):
        npx.topk(x, ret_typ="mask")


@pytest.mark.parametrize("length", [-1, 5])
def test_lengths_outside(length: int) -> None:
    lengths = numpy.array([1, length, 2])
    with pytest.raises(IndexError):
        npx.sequence_reverse(X, lengths)
    with pytest.raises(IndexError):
        npx.sequence_last(X, lengths)


def test_bits() -> None:
    x = numpy.array([[1.0, -0.0]], numpy.float32)
    assert npx.bitcast(x, "int32").tolist() == [[0x3F800000, -(2**31)]]
    assert npx.bitcast(x[0, 1], numpy.uint32) == 2**31
    with pytest.raises(UsageError, match="as many bits"):
        npx.bitcast(x, "int64")
