"""Basic indexing and assignment are NumPy's, for given sizes and for named ones."""

from __future__ import annotations

from typing import Any

import numpy
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from isthmus import np
from isthmus.errors import DimensionError, UsageError
from isthmus.graph.dims import Dim
from isthmus.graph.indexing import indexed_shape, plan, requirements
from isthmus.graph.nodes import Type
from isthmus.graph.shapes import evaluate
from isthmus.graph.size_text import parse
from isthmus.program.compiling import compile
from isthmus.trace.tracing import spec, trace

Index = tuple[Any, ...]
NAMES = ("a", "b", "c")


def bounds(size: int) -> st.SearchStrategy[int | None]:
    return st.none() | st.integers(-size - 2, size + 2)


def axis_index(size: int) -> st.SearchStrategy[Any]:
    """A position or a slice of one axis; slices may reach beyond its ends."""
    steps = st.none() | st.sampled_from([1, 2, 3, -1, -2])
    cut = st.builds(slice, bounds(size), bounds(size), steps)
    return (cut | st.integers(-size, size - 1)) if size else cut


@st.composite
def indexed(draw: st.DrawFn) -> tuple[tuple[int, ...], Index]:
    """A shape and a basic index of it."""
    shape = tuple(draw(st.lists(st.integers(0, 5), min_size=1, max_size=3)))
    used = draw(st.integers(0, len(shape)))
    parts = [draw(axis_index(size)) for size in shape[:used]]
    for _ in range(draw(st.integers(0, 2))):
        parts.insert(draw(st.integers(0, len(parts))), None)
    if draw(st.booleans()):
        parts.append(...)
    return shape, tuple(parts)


def numbers(shape: tuple[int, ...]) -> Any:
    return numpy.arange(numpy.prod(shape), dtype=numpy.float64).reshape(shape) + 1


def named(shape: tuple[int, ...]) -> tuple[Type, dict[str, int]]:
    """A type in which every axis has a name of its own."""
    names = NAMES[: len(shape)]
    return spec("float64", names), dict(zip(names, shape, strict=True))


# Reading


@given(indexed())
def test_getitem_of_given_sizes(case: tuple[tuple[int, ...], Index]) -> None:
    shape, index = case
    x = numbers(shape)
    run = compile(lambda x: x[index], spec("float64", shape), backend="numpy")
    assert indexed_shape(shape, index) == x[index].shape
    numpy.testing.assert_array_equal(run(x), x[index])


@given(indexed())
def test_getitem_of_named_sizes_is_numpys_or_an_error(
    case: tuple[tuple[int, ...], Index],
) -> None:
    shape, index = case
    x = numbers(shape)
    named_type, sizes = named(shape)
    try:
        run = compile(lambda x: x[index], named_type, backend="numpy")
        found = run(x)
    except DimensionError as problem:  # what NumPy would clip names the size
        assert any(f"{name}=" in str(problem) for name in sizes)
        return
    numpy.testing.assert_array_equal(found, x[index])
    inferred = trace(lambda x: x[index], named_type).graph.outputs[0].type.shape
    assert tuple(evaluate(size, sizes) for size in inferred) == x[index].shape


@pytest.mark.parametrize(
    ("index", "small"),
    [
        ((slice(None, 5),), 4),
        ((slice(3, None),), 2),
        ((slice(-3, None),), 2),
        ((slice(None, -3),), 2),
        ((4,), 4),
        ((-4,), 3),
    ],
)
def test_what_numpy_would_clip_is_an_error(index: Index, small: int) -> None:
    run = compile(lambda x: x[index], spec("float64", ["rows", 2]), backend="numpy")
    large = numbers((7, 2))
    numpy.testing.assert_array_equal(run(large), large[index])
    with pytest.raises(
        DimensionError, match=rf"rows={small}: np.getitem at .* give sizes for which rows"
    ):
        run(numbers((small, 2)))


def test_compiled_indices(device_backend: dict[str, Any]) -> None:
    indices: list[Index] = [
        (0,), (-1,), (slice(1, -1),), (slice(None, None, -1),), (slice(None, None, 2), None, 1),
        (..., -1), (None, ..., slice(1, 3)), (slice(None), slice(-2, None)), (),
        (slice(None, None, -2), slice(None, None, -1)),
    ]  # fmt: skip
    x = numbers((5, 4)).astype(numpy.float32)
    sizes: list[Any] = [[5, 4], ["n", 4], ["n", "m"]]
    for shape in sizes:
        run = compile(lambda x: [x[i] for i in indices], spec("float32", shape), **device_backend)
        for found, index in zip(run(x), indices, strict=True):
            numpy.testing.assert_array_equal(found, x[index])


def test_a_named_size_as_a_bound() -> None:
    def halves(x: Any) -> Any:
        half = x.shape[0] // 2
        return x[:half], x[half:], x[: x.shape[0] - 1], x[x.shape[0] - 2]

    run = compile(halves, spec("float64", ["n"]), backend="numpy")
    for n in (2, 5, 6):
        x = numbers((n,))
        for found, wanted in zip(run(x), (x[: n // 2], x[n // 2 :], x[:-1], x[-2]), strict=True):
            numpy.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize(
    ("index", "message"),
    [
        ((0, 0, 0), "3 indices for an array with 2 axes; remove 1"),
        ((3,), "index 3 is out of bounds for an axis of size 3"),
        ((-4,), "index -4 is out of bounds"),
        ((1.5,), r"index 1\.5; give integers"),
        (("a",), "index 'a'; give integers"),
    ],
)
def test_wrong_indices(index: Index, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        trace(lambda x: x[index], spec("float32", [3, 2]))


def test_arrays_of_positions() -> None:
    x = numbers((4, 3))
    rows = numpy.array([[0, -1], [2, 2]])
    run = compile(
        lambda x, i: (x[i], x[:, [2, 0]], x[rows]),
        (spec("float64", ["n", 3]), spec("int64", [2, 2])),
        backend="numpy",
    )
    for found, wanted in zip(run(x, rows), (x[rows], x[:, [2, 0]], x[rows]), strict=True):
        numpy.testing.assert_array_equal(found, wanted)


def test_plan_tells_axes_apart() -> None:
    parts = plan((slice(2, None), None, 0), 3)
    assert parts.slices == {0: slice(2, None), 1: slice(0, 1)}
    assert parts.removed == (1,) and parts.added == (1,)


def test_requirements_of_given_sizes_are_none() -> None:
    assert requirements((3, 4), (slice(1, 2), 0)) == []
    found = requirements((parse("n"), 4), (slice(1, 2), 0))
    assert {str(size) for size, _ in found if isinstance(size, Dim)} == {"n - 1", "n - 2"}


# Writing


@given(indexed(), st.data())
def test_setitem_of_given_sizes(case: tuple[tuple[int, ...], Index], data: st.DataObject) -> None:
    shape, index = case
    x = numbers(shape)
    value = fitting(x[index].shape, data)
    run = compile(
        lambda x, v: assigned(x, v, index),
        (spec("float64", shape), spec("float64", value.shape)),
        backend="numpy",
    )
    wanted = x.copy()
    wanted[index] = value
    numpy.testing.assert_array_equal(run(x, value), wanted)


@given(indexed(), st.data())
def test_setitem_of_named_sizes_is_numpys_or_an_error(
    case: tuple[tuple[int, ...], Index], data: st.DataObject
) -> None:
    shape, index = case
    assume(0 not in shape)
    x = numbers(shape)
    value = numpy.float64(-7)
    try:
        run = compile(lambda x: assigned(x, value, index), named(shape)[0], backend="numpy")
        found = run(x)
    except DimensionError as problem:  # what NumPy would clip, or refuses as well
        assert "give sizes for which" in str(problem)
        return
    wanted = x.copy()
    wanted[index] = value
    numpy.testing.assert_array_equal(found, wanted)


def fitting(shape: tuple[int, ...], data: st.DataObject) -> Any:
    """Numbers of the shape, or of one that broadcasts to it."""
    kept = [size if data.draw(st.booleans()) else 1 for size in shape]
    start = data.draw(st.integers(0, len(shape)))
    return -numbers(tuple(kept[start:]))


def assigned(x: Any, value: Any, index: Any) -> Any:
    x = x + 0
    x[index] = value
    return x


@pytest.mark.parametrize(
    "index", [0, -1, slice(1, 3), slice(None, None, 2), (slice(None), 1), (..., -1)]
)
def test_setitem_of_a_named_size(index: Any) -> None:
    run = compile(lambda x: assigned(x, 9, index), spec("float64", ["n", "m"]), backend="numpy")
    for shape in ((3, 2), (4, 5)):
        x = numbers(shape)
        wanted = x.copy()
        wanted[index] = 9
        numpy.testing.assert_array_equal(run(x), wanted)


def test_assignment_to_a_mask(device_backend: dict[str, Any]) -> None:
    run = compile(lambda x: assigned(x, 0, x > 3), spec("float32", ["n", 3]), **device_backend)
    x = numbers((2, 3)).astype(numpy.float32)
    numpy.testing.assert_array_equal(run(x), numpy.where(x > 3, 0, x))


def test_assignment_compiled(device_backend: dict[str, Any]) -> None:
    def function(x: Any, row: Any) -> Any:
        x = assigned(x, row, 1)
        x[1:, :2] = 5
        x[:, -1] = x[:, -1] * 2
        return x

    specs = (spec("float32", ["n", 4]), spec("float32", [4]))
    x, row = numbers((3, 4)).astype(numpy.float32), -numbers((4,)).astype(numpy.float32)
    numpy.testing.assert_array_equal(
        compile(function, specs, **device_backend)(x, row), function(x, row)
    )


def test_a_value_that_does_not_fit_is_refused() -> None:
    with pytest.raises(DimensionError, match="2 == n"):
        trace(lambda x: assigned(x, numpy.ones(2), slice(None)), spec("float64", ["n"]))
    with pytest.raises(DimensionError, match="sizes 3 and 2 do not broadcast"):
        trace(lambda x: assigned(x, numpy.ones(3), slice(0, 2)), spec("float64", [4]))
    run = compile(lambda x: assigned(x, 0, 4), spec("float64", ["n"]), backend="numpy")
    with pytest.raises(DimensionError, match=r"n=4: .* give sizes for which n - 5 >= 0"):
        run(numpy.ones(4))


def test_assignment_keeps_the_dtype() -> None:
    run = compile(lambda x: assigned(x, 2.9, 0), spec("int32", [2]), backend="numpy")
    numpy.testing.assert_array_equal(run(numpy.zeros(2, numpy.int32)), [2, 0])


def test_setitem_is_a_function_as_well() -> None:
    x = numbers((3,))
    changed = np.setitem(x, 0, slice(1, None))
    numpy.testing.assert_array_equal(changed, [1, 0, 0])
    numpy.testing.assert_array_equal(x, [1, 2, 3])
