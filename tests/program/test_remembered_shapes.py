"""A call whose shapes were met before is bound as quickly as may be, and checked no less."""

from __future__ import annotations

from typing import Any

import numpy
import pytest

import isthmus as im
from isthmus import np
from isthmus.errors import DimensionError, IndexOutside, UsageError
from isthmus.program import inputs

X = numpy.array([[1, 2], [3, 4]], numpy.float32)


def program(**options: Any) -> im.Executable:
    return im.compile(
        lambda x, y: x - y, (im.spec("float32", ["n", 2]), im.spec("float32", ["n", 2])), **options
    )


def test_every_wrong_argument_is_still_refused_after_a_right_one(
    device_backend: dict[str, Any],
) -> None:
    run = program(**device_backend)
    run(X, X)
    assert run._run.binder.remembered
    masked: Any = numpy.ma.masked_array(X)
    for args, kwargs, error, message in [
        ((X, X.astype("float64")), {}, UsageError, "float64"),
        ((X, X.astype("int32")), {}, UsageError, "int32"),
        ((X, X[:1]), {}, DimensionError, "axis 0 must be n = 2"),
        ((X, X[:, :1]), {}, DimensionError, "axis 1 must be 2"),
        ((X, X[0]), {}, UsageError, "reshape it to 2 axes"),
        ((X, masked), {}, UsageError, "its mask would be lost"),
        ((X, [X]), {}, UsageError, "nested in another way"),
        ((X, None), {}, UsageError, "nested in another way"),
        ((X, X.tolist()), {}, UsageError, "nested in another way"),
        ((X,), {}, UsageError, "y is missing"),
        ((X, X, X), {}, UsageError, "3 positional"),
        ((X,), {"x": X}, UsageError, "given by position and by name"),
        ((), {"x": X, "z": X}, UsageError, "z is unknown"),
    ]:
        with pytest.raises(error, match=message):
            run(*args, **kwargs)


def test_arrays_of_other_kinds_are_taken_as_before(device_backend: dict[str, Any]) -> None:
    run = program(**device_backend)
    unaligned = numpy.frombuffer(b"\0" + X.tobytes(), numpy.uint8)[1:].view("float32").reshape(2, 2)
    assert not unaligned.flags.aligned
    read_only = X.copy()
    read_only.flags.writeable = False
    wide = numpy.zeros((2, 6), numpy.float32)
    wide[:, ::3] = X
    for _ in range(2):
        for other in (X.astype(">f4"), X[:, ::-1][:, ::-1], X.T.copy().T, unaligned, read_only):
            numpy.testing.assert_array_equal(run(other, 2 * X), -X)
            numpy.testing.assert_array_equal(run(y=other, x=2 * X), X)
        numpy.testing.assert_array_equal(run(X[::-1], X), X[::-1] - X)
        numpy.testing.assert_array_equal(run(wide[:, ::3], X), X - X)


def test_constraints_and_indices_are_checked_at_every_call(device_backend: dict[str, Any]) -> None:
    table = numpy.arange(4, dtype=numpy.float32)
    run = im.compile(
        lambda i: np.take(table, i), im.spec("int32", ["n"]), constraints=("n <= 3",),
        **device_backend,
    )  # fmt: skip
    good, outside = numpy.array([1, 3], numpy.int32), numpy.array([1, 4], numpy.int32)
    for _ in range(2):
        assert run(good).tolist() == [1, 3]
        with pytest.raises(IndexOutside, match="index 4"):
            run(outside)
        with pytest.raises(DimensionError, match="n=4"):
            run(numpy.zeros(4, numpy.int32))


def test_results_are_new_arrays_at_every_call(device_backend: dict[str, Any]) -> None:
    run = program(**device_backend)
    first, second = run(X, 0 * X), run(2 * X, 0 * X)
    assert not numpy.shares_memory(first, second)
    numpy.testing.assert_array_equal(first, X)


def test_wide_integers_are_seen_after_narrow_ones() -> None:
    run = im.compile(lambda i: np.max(i), im.spec("int64", ["n"]), backend="cpu")
    narrow, wide = numpy.array([1, 2]), numpy.array([1, 2**40])
    assert [int(run(x)) for x in (narrow, wide, narrow, wide)] == [2, 2**40, 2, 2**40]


def test_no_more_shapes_are_remembered_than_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inputs, "MOST_REMEMBERED", 4)
    run = program(backend="numpy")
    for n in range(1, 12):
        x = numpy.ones((n, 2), numpy.float32)
        assert run(x, x).shape == (n, 2)
        assert len(run._run.binder.remembered) <= 4
