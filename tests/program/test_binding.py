"""Every wrong argument is told apart, by name, with what to do about it."""

from __future__ import annotations

from typing import Any

import numpy
import pytest

from isthmus import np
from isthmus.errors import DimensionError, IndexOutside, UsageError
from isthmus.program.executable import Executable, compile
from isthmus.trace.tracing import spec

X = numpy.zeros((2, 3), numpy.float32)


def program(*shapes: Any, function: Any = None) -> Executable:
    """A program of float32 arguments of the given shapes."""
    return compile(
        function or (lambda *arrays: [a + 1 for a in arrays]),
        tuple(spec("float32", shape) for shape in shapes),
        backend="numpy",
    )


def two(x: Any, y: Any) -> Any:
    return x + y


# Arguments


@pytest.mark.parametrize(
    ("args", "kwargs", "message"),
    [
        (
            (),
            {},
            r"arguments nothing given; the program takes x: float32\[2, 3\], y: float32\[2, 3\]",
        ),
        ((X,), {}, "arguments 1 positional given"),
        ((X, X, X), {}, "arguments 3 positional given"),
        ((X,), {"y": X}, "arguments 1 positional, y given"),
        (([X], X), {}, "arguments 2 positional given"),
        ((None, X), {}, "arguments 2 positional given"),
    ],
)
def test_wrong_arguments(args: Any, kwargs: Any, message: str) -> None:
    run = program((2, 3), (2, 3), function=two)
    with pytest.raises(UsageError, match=message):
        run(*args, **kwargs)


def test_keywords_that_are_missing_or_unknown() -> None:
    run = compile(two, {"x": spec("float32"), "y": spec("float32")}, backend="numpy")
    one = numpy.float32(1)
    assert run(y=one, x=one) == 2
    with pytest.raises(UsageError, match="arguments x given; the program takes x"):
        run(x=one)
    with pytest.raises(UsageError, match="arguments x, y, z given"):
        run(x=one, y=one, z=one)


# Types


@pytest.mark.parametrize(
    ("array", "message"),
    [
        ([[0.0] * 3] * 2, "the program takes"),
        (2.0, r"float given; give a NumPy array of float32\[2, 3\]"),
        (
            X.astype("float64"),
            r"float64\[2, 3\] given, float32\[2, 3\] expected; .*\.astype\('float32'\)",
        ),
        (X[0], r"float32\[3\] given, float32\[2, 3\] expected; reshape it to 2 axes"),
        (X[None], "reshape it to 2 axes"),
        (X[:, :2], r"shape \(2, 2\) given, float32\[2, 3\] expected; axis 1 must be 3"),
        (X[:1], "axis 0 must be 2"),
    ],
)
def test_wrong_arrays(array: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        program((2, 3))(array)


def test_numpys_scalars_are_0d_arrays() -> None:
    assert program(())(numpy.float32(2))[0] == 3


@pytest.mark.parametrize(
    "array",
    [
        numpy.asfortranarray(numpy.arange(6, dtype=numpy.float32).reshape(2, 3)),
        numpy.arange(12, dtype=numpy.float32).reshape(4, 3)[::-2],
        numpy.arange(12, dtype=numpy.float32).reshape(2, 6)[:, ::2],
        numpy.broadcast_to(numpy.float32(3), (2, 3)),
        numpy.frombuffer(bytes(24), numpy.float32).reshape(2, 3),
    ],
    ids=["fortran", "negative steps", "steps", "read-only, strides 0", "read-only"],
)
def test_any_layout_in_memory(array: Any, device_backend: dict[str, Any]) -> None:
    run = compile(lambda x: np.tanh(x) + x[0], spec("float32", ["n", 3]), **device_backend)
    numpy.testing.assert_allclose(run(array), np.tanh(array) + array[0], rtol=1e-5)


# Sizes


def test_equal_names_are_equal_sizes() -> None:
    run = program(["n", 3], ["n", 3], function=two)
    numpy.testing.assert_array_equal(run(X, X), X)
    with pytest.raises(DimensionError, match=r"y: shape \(1, 3\) given, .*; axis 0 must be n = 2"):
        run(X, X[:1])


@pytest.mark.parametrize(
    ("size", "fits", "fails", "message"),
    [
        ("2*n", 6, 5, r"axis 0 must be 2\*n = 4"),
        ("n + 2", 2, 1, r"x: \(1,\) for float32\[n \+ 2\] makes n = -1; give sizes for which"),
        ("3*n + 1", 7, 6, r"axis 0 must be 3\*n \+ 1 = 4"),
    ],
)
def test_sizes_with_arithmetic(size: str, fits: int, fails: int, message: str) -> None:
    run = program([size], function=lambda x: [x + 1])
    assert run(numpy.zeros(fits, numpy.float32))[0].shape == (fits,)
    with pytest.raises(DimensionError, match=message):
        run(numpy.zeros(fails, numpy.float32))


def test_sizes_are_solved_across_inputs() -> None:
    run = program(["n + m"], ["m"])
    seven, three = numpy.zeros(7, numpy.float32), numpy.zeros(3, numpy.float32)
    assert [a.shape for a in run(seven, three)] == [(7,), (3,)]


def test_a_size_that_a_slice_needs() -> None:
    run = program(["n"], function=lambda x: x[2:-2])
    assert run(numpy.zeros(4, numpy.float32)).shape == (0,)
    with pytest.raises(DimensionError, match=r"n=3: np\.getitem at .*test_binding.* n - 4 >= 0"):
        run(numpy.zeros(3, numpy.float32))


def test_a_reduction_needs_an_element() -> None:
    run = program(["n"], function=lambda x: np.max(x))
    with pytest.raises(DimensionError, match=r"n=0: np\.max at .*of an empty axis"):
        run(numpy.zeros(0, numpy.float32))


def test_unused_inputs_are_checked_as_well(device_backend: dict[str, Any]) -> None:
    specs = (spec("float32", ["n"]), spec("int64", [2, "n"]))
    run = compile(lambda x, unused: x * 2, specs, **device_backend)
    ones = numpy.ones(3, numpy.float32)
    numpy.testing.assert_array_equal(run(ones, numpy.zeros((2, 3), int)), [2, 2, 2])
    with pytest.raises(DimensionError, match=r"unused: .* axis 1 must be n = 3"):
        run(ones, numpy.zeros((2, 4), int))


# Indices


def test_indices_are_checked(device_backend: dict[str, Any]) -> None:
    table = numpy.arange(8, dtype=numpy.float32).reshape(4, 2)
    run = compile(lambda i: np.take(table, i, axis=0), spec("int32", ["n"]), **device_backend)
    inside = numpy.array([0, -4, 3], numpy.int32)
    numpy.testing.assert_array_equal(run(inside), table[inside])
    for wrong in (4, -5):
        message = rf"index {wrong} is out of bounds for (size|axis 0 with size) 4"
        with pytest.raises(IndexError, match=message):
            run(numpy.array([1, wrong], numpy.int32))


def test_an_index_error_is_both_errors() -> None:
    table = numpy.zeros(4, numpy.float32)
    run = compile(lambda i: np.take(table, i, axis=0), spec("int32", [1]), backend="cpu")
    with pytest.raises(
        IndexOutside, match=r"i: index 9 .* at .*test_binding.*give indices in -4\.\.3"
    ):
        run(numpy.array([9], numpy.int32))


def test_computed_indices_are_checked_by_numpy(device_backend: dict[str, Any]) -> None:
    table = numpy.arange(4, dtype=numpy.float32)
    run = compile(lambda i: np.take(table, i * 2, axis=0), spec("int32", [1]), **device_backend)
    assert run(numpy.array([1], numpy.int32)) == 2
    with pytest.raises(IndexError):
        run(numpy.array([2], numpy.int32))
