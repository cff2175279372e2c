"""Arrays and masks in an index, for reading and for assignment, are NumPy's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays as array_strategy

from isthmus import np
from isthmus.errors import DimensionError, IsthmusError, TraceError, UsageError
from isthmus.program.compiling import compile, load
from isthmus.rewrite.gradient import grad
from isthmus.trace.tracing import spec

Index = tuple[Any, ...]
NAMES = ("a", "b", "c", "d")


class Case(NamedTuple):
    """An array's shape, and an index of it."""

    shape: tuple[int, ...]
    parts: Index


def numbers(shape: tuple[int, ...]) -> Any:
    return numpy.arange(numpy.prod(shape), dtype=numpy.float64).reshape(shape) + 1


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """An index with at least one array or mask among slices, integers, None and an ellipsis."""
    shape = tuple(draw(st.lists(st.integers(1, 4), min_size=1, max_size=4)))
    common = draw(st.sampled_from([(), (1,), (3,), (2, 3)]))
    parts: list[Any] = []
    axis = 0
    while axis < len(shape) and draw(st.integers(0, 4)):
        width, part = draw(axis_part(shape[axis:], common))
        parts.append(part)
        axis += width
    for _ in range(draw(st.integers(0, 1))):
        parts.insert(draw(st.integers(0, len(parts))), None)
    if draw(st.booleans()):
        parts.insert(draw(st.integers(0, len(parts))), ...)
    if draw(st.integers(0, 9)) == 0:
        parts.insert(draw(st.integers(0, len(parts))), numpy.array(draw(st.booleans())))
    return Case(shape, tuple(parts))


@st.composite
def axis_part(draw: st.DrawFn, sizes: tuple[int, ...], common: Any) -> tuple[int, Any]:
    """What takes the first of the axes, and how many it takes."""
    size = sizes[0]
    match draw(st.sampled_from(["array", "array", "mask", "int", "slice", "whole"])):
        case "array":
            shape = draw(st.sampled_from([common, common[-1:], (1,), ()]))
            integers = draw(st.sampled_from([numpy.int64, numpy.int32, numpy.uint8]))
            low = 0 if integers is numpy.uint8 else -size
            elements = st.integers(low, size - 1)
            return 1, draw(array_strategy(integers, shape, elements=elements))
        case "mask":
            width = draw(st.integers(1, min(len(sizes), 2)))
            return width, draw(array_strategy(numpy.bool_, sizes[:width]))
        case "int":
            return 1, draw(st.integers(-size, size - 1))
        case "slice":
            steps = st.sampled_from([None, 1, 2, -1])
            ends = st.none() | st.integers(-size, size)
            return 1, draw(st.builds(slice, ends, ends, steps))
    return 1, slice(None)


def is_array(part: Any) -> bool:
    return isinstance(part, numpy.ndarray)


def program(case: Case, function: Callable[..., Any], shape: Any, traced: bool) -> Any:
    """`function(x, index, ...)` compiled, where the arrays of the index are inputs or constants."""
    given = [part for part in case.parts if is_array(part)] if traced else []

    def run(x: Any, *arrays: Any) -> Any:
        source = iter(arrays)
        parts = tuple(next(source) if traced and is_array(p) else p for p in case.parts)
        return function(x, parts)

    types = (spec("float64", shape), *(spec(a.dtype, a.shape) for a in given))
    compiled = compile(run, types, backend="numpy")
    return lambda x: compiled(x, *given)


def outcome(function: Callable[[], Any]) -> Any:
    """The result, or the kind of error."""
    try:
        return function()
    except IsthmusError as problem:
        return problem
    except (IndexError, ValueError, TypeError) as problem:
        return type(problem)


def check(found: Any, wanted: Any) -> None:
    if isinstance(wanted, type):
        assert found is wanted or isinstance(found, IsthmusError)
    else:
        assert not isinstance(found, Exception | type), found
        numpy.testing.assert_array_equal(found, wanted, strict=True)


# Reading


@given(cases(), st.booleans())
def test_getitem_of_given_sizes(case: Case, traced: bool) -> None:
    x = numbers(case.shape)
    wanted = outcome(lambda: numpy.asarray(x[case.parts]))
    read = lambda x, index: x[index]  # noqa: E731
    found = outcome(lambda: program(case, read, case.shape, traced)(x))
    if isinstance(found, DimensionError) and traced:
        return  # a mask beside an array, whose number of elements is not known to be theirs
    check(found, wanted)


@given(cases())
def test_getitem_of_named_sizes_is_numpys_or_an_error(case: Case) -> None:
    x = numbers(case.shape)
    wanted = outcome(lambda: numpy.asarray(x[case.parts]))
    read = lambda x, index: x[index]  # noqa: E731
    found = outcome(lambda: program(case, read, NAMES[: len(case.shape)], True)(x))
    if not isinstance(found, IsthmusError):
        check(found, wanted)


@given(cases())
def test_getitem_of_numpys_arrays(case: Case) -> None:
    x = numbers(case.shape)
    check(outcome(lambda: np.getitem(x, case.parts)), outcome(lambda: x[case.parts]))


def test_getitem_compiled(device_backend: dict[str, Any]) -> None:
    x = numbers((4, 3, 5)).astype(numpy.float32)
    i, j = numpy.array([[3, 0], [-1, 2]]), numpy.array([1, -2], numpy.int32)

    def function(x: Any, i: Any, j: Any) -> Any:
        m = x[:, :, 0] > 5
        return (
            x[i], x[:, j], x[..., j], x[i, j], x[:, 1, j], x[1, :, j], x[j, None, 1:], x[m],
            x[m, 1:], x[:, [2, 0, 0]], x[:, [True, False, True]], x[x > 30], x[i, ..., j],
            x[:, j][j], x[numpy.array([], int)], x[[]], x[x.min() > 0],
        )  # fmt: skip

    shapes: list[list[Any]] = [[4, 3, 5], ["n", 3, "m"]]
    for shape in shapes:
        types = (spec("float32", shape), spec("int64", [2, 2]), spec("int32", [2]))
        run = compile(function, types, **device_backend)
        for found, wanted in zip(run(x, i, j), function(x, i, j), strict=True):
            numpy.testing.assert_array_equal(found, wanted, strict=True)


def test_one_array_beside_slices_and_integers_is_a_lookup_of_the_runtime() -> None:
    def function(x: Any, i: Any) -> Any:
        return x[i], x[1:, i], x[0, i], x[0, :, i], x[:, [2, 0]], x[[True, False, True, True]]

    types = (spec("float32", [4, 4, 4]), spec("int32", [2]))
    run = compile(function, types, backend="cpu", on_host="error")
    assert [segment.on_host for segment in run.segments] == [False]
    x, i = numbers((4, 4, 4)).astype(numpy.float32), numpy.array([3, -2], numpy.int32)
    for found, wanted in zip(run(x, i), function(x, i), strict=True):
        numpy.testing.assert_array_equal(found, wanted, strict=True)


@pytest.mark.parametrize(
    ("index", "message"),
    [
        (([0], [1], [2]), "3 indices for an array with 2 axes"),
        ((..., [0], ...), r"several '\.\.\.'"),
        (([1.5],), r"index \[1\.5\]; give integers"),
        ((numpy.ones((3, 3), bool),), r"a mask of \(3, 3\) for axes \(3, 2\)"),
        (([0, 1], [0, 1, 1]), "sizes 2 and 3 do not broadcast"),
    ],
)
def test_wrong_indices(index: Index, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        trace_item = lambda x: x[index]  # noqa: E731
        compile(trace_item, spec("float32", [3, 2]), backend="numpy")


@pytest.mark.parametrize("shape", [(0,), (3, 0), (0, 2)])
def test_a_mask_of_nothing_chooses_nothing(shape: tuple[int, ...]) -> None:
    x, mask = numbers((3, 2)), numpy.zeros(shape, bool)
    types = (spec("float64", x.shape), spec("bool", shape))
    functions: list[Callable[[Any, Any], Any]] = [
        lambda x, m: x[m],
        lambda x, m: np.setitem(x, 5, m),
    ]
    for function in functions:
        found = compile(function, types, backend="numpy")(x, mask)
        numpy.testing.assert_array_equal(found, function(x, mask), strict=True)


def test_positions_outside_raise(device_backend: dict[str, Any]) -> None:
    x = numbers((3, 2)).astype(numpy.float32)
    types = (spec("float32", [3, 2]), spec("int32", [2]))
    inside, outside = numpy.array([0, -1], "int32"), numpy.array([0, 3], "int32")
    functions: list[Callable[[Any, Any], Any]] = [
        lambda x, i: x[i],
        lambda x, i: x[i, 0],
        lambda x, i: x[i, i * 0],
        lambda x, i: x[i * 1],
        lambda x, i: np.take_along_axis(x, i[:, None], axis=0),
        lambda x, i: np.take_along_axis(x, i[:, None] + 0, axis=0),
        lambda x, i: np.setitem(x, 0.0, i),
    ]
    for function in functions:
        run = compile(function, types, **device_backend)
        numpy.testing.assert_array_equal(run(x, inside), function(x, inside))
        with pytest.raises(IndexError):
            run(x, outside)


def test_a_size_that_a_mask_decides_is_used() -> None:
    def function(x: Any) -> Any:
        chosen = x[x > 3]
        return chosen * 2, np.sum(chosen), np.reshape(chosen, (-1, 1)), np.zeros(chosen.shape)

    x = numbers((2, 3))
    for found, wanted in zip(
        compile(function, spec("float64", ["n", 3]), backend="cpu")(x), function(x), strict=True
    ):
        numpy.testing.assert_array_equal(found, wanted)


def test_positions_that_are_in_range_by_their_making() -> None:
    """What argsort, argmax and nonzero give of an axis is a position of it: no host is needed."""

    def function(x: Any, i: Any) -> Any:
        order = np.astype(np.argsort(x), "int32")
        return x[order], x[i % x.shape[0]], x[np.where(i > 2, 1, 0)], x[np.clip(i, 0, 3)]

    run = compile(function, (spec("float32", [5]), spec("int32", [2])), backend="cpu")
    on_host = [n.op.name for s in run.segments if s.on_host for n in s.graph.nodes()]
    assert "np.take" not in on_host and "np.argsort" in on_host
    x, i = numpy.array([3, 1, 2, 5, 4], "float32"), numpy.array([-7, 9], "int32")
    for found, wanted in zip(run(x, i), function(x, i), strict=True):
        numpy.testing.assert_array_equal(found, wanted)


def test_an_index_survives_the_file(tmp_path: Any) -> None:
    def function(x: Any, i: Any) -> Any:
        y = np.setitem(x, 0, (slice(1, None), i, None))
        return x[i, ..., i], x[x > 4], y, np.pad(x, 1, mode="reflect"), np.tril(x, 1)

    types = (spec("float64", ["n", 4]), spec("int64", [2]))
    path = tmp_path / "program.safetensors"
    compile(function, types, backend="numpy").save(path)
    x, i = numbers((3, 4)), numpy.array([0, -1])
    run = load(path, backend="numpy")
    for found, wanted in zip(run(x, i), function(x, i), strict=True):
        numpy.testing.assert_array_equal(found, wanted)


# Assigning


@given(cases(), st.booleans(), st.booleans(), st.data())
def test_setitem_of_given_sizes(case: Case, traced: bool, named: bool, data: st.DataObject) -> None:
    x = numbers(case.shape)
    chosen = outcome(lambda: numpy.asarray(x[case.parts]))
    value = fitting(() if isinstance(chosen, type) else chosen.shape, data)
    shape = NAMES[: len(case.shape)] if named else case.shape

    def wanted() -> Any:
        y = x.copy()
        y[case.parts] = value
        return y

    assign = lambda x, index: np.setitem(x, value, index)  # noqa: E731
    found = outcome(lambda: program(case, assign, shape, traced)(x))
    if not (named and isinstance(found, IsthmusError)):
        check(found, outcome(wanted))
    check(outcome(lambda: np.setitem(x, value, case.parts)), outcome(wanted))


def fitting(shape: tuple[int, ...], data: st.DataObject) -> Any:
    """Numbers of the shape, or of one that broadcasts to it."""
    kept = [size if data.draw(st.booleans()) else 1 for size in shape]
    start = data.draw(st.integers(-1, len(shape)))
    return -numbers((1, *kept) if start < 0 else tuple(kept[start:]))


def test_of_values_for_one_place_the_last_remains(device_backend: dict[str, Any]) -> None:
    def function(x: Any, i: Any, v: Any) -> Any:
        y = np.copy(x)
        y[i] = v
        y[1, i] = 7.9
        y[::-1, 0] = v[[0, 1, 2, 0]]
        y[y > 90] = -1
        return y

    x, i = numpy.zeros((4, 3), numpy.float32), numpy.array([2, 0, 2], "int32")
    v = numpy.array([-1, 99, -3], "float32")
    x[3] = 95, 1, 2
    types = (spec("float32", [4, 3]), spec("int32", [3]), spec("float32", [3]))
    found, wanted = compile(function, types, **device_backend)(x, i, v), numpy.copy(x)
    wanted[i] = v
    wanted[1, i] = 7.9
    wanted[::-1, 0] = v[[0, 1, 2, 0]]
    wanted[wanted > 90] = -1
    numpy.testing.assert_array_equal(found, wanted)


def test_as_many_values_as_a_mask_chooses(device_backend: dict[str, Any]) -> None:
    run = compile(
        lambda x, v: np.setitem(x, v, x < 0),
        (spec("float32", ["n", 2]), spec("float32", [3])),
        **device_backend,
    )
    x, v = numpy.array([[-1, 2], [3, -4], [-5, 6]], "float32"), numpy.arange(3, dtype="float32")
    numpy.testing.assert_array_equal(run(x, v), [[0, 2], [3, 1], [2, 6]])
    with pytest.raises(ValueError):
        run(abs(x), v)


@pytest.mark.parametrize(
    ("index", "value"),
    [
        ((slice(None, None, -1),), numpy.arange(12.0).reshape(4, 3)),
        ((slice(None, None, -2), 1), 5),
        ((slice(None), slice(None, None, -1)), numpy.arange(3.0)),
        (slice(2, None), [[1.0, 2, 3]]),
        (numpy.array([1, -1]), numpy.ones((2, 3))),
    ],
)
def test_setitem_of_a_named_size(index: Any, value: Any) -> None:
    value = numpy.asarray(value, numpy.float64)
    sizes = [{4: "n"}.get(size, size) for size in value.shape]
    types = (spec("float64", ["n", 3]), spec("float64", sizes))
    run = compile(lambda x, v: np.setitem(x, v, index), types, backend="numpy")
    x = numbers((4, 3))
    wanted = x.copy()
    wanted[index] = value
    numpy.testing.assert_array_equal(run(x, value), wanted)


def test_a_mask_of_other_sizes_is_refused() -> None:
    for mask in (numpy.ones(1, bool), numpy.ones((3, 3), bool), numpy.ones((3, 2, 1), bool)):
        with pytest.raises(UsageError, match=r"a mask of|indices for an array"):
            types = (spec("float64", [3, 2]), spec("bool", mask.shape))
            compile(lambda x, m: np.setitem(x, 0, m), types, backend="numpy")


def test_values_are_cast_as_numpy_assigns_them() -> None:
    x = numpy.zeros(2, numpy.uint8)
    with pytest.raises(OverflowError):
        np.setitem(x, 300, 0)
    with pytest.raises(OverflowError):
        compile(lambda x: np.setitem(x, 300, 0), spec("uint8", [2]), backend="numpy")
    for value in (numpy.int64(300), numpy.float32(2.9), True):
        run = compile(lambda x, v=value: np.setitem(x, v, [0]), spec("uint8", [2]), backend="numpy")
        wanted = x.copy()
        wanted[[0]] = value
        numpy.testing.assert_array_equal(run(x), wanted)


# Gradients


POSITIONS = numpy.array([[0, 2], [2, -1]])
MASK = numpy.array([[True, False, True], [False, True, True], [True, True, False]])
SMOOTH: dict[str, Callable[[Any, Any], Any]] = {
    "arrays": lambda x, v: x[POSITIONS, POSITIONS] * v[0, 0],
    "an array": lambda x, v: x[1:, POSITIONS] * v[0, 0],
    "a mask": lambda x, v: x[np.asarray(MASK) & (x > -99)] * v[0, 0],
    "rows by mask": lambda x, v: x[x[:, 0] > -99, 1:] * v[0, 0],
    "along an axis": lambda x, v: np.take_along_axis(x[:, 1:], POSITIONS, axis=0) * v,
    "flat": lambda x, v: np.take(x, POSITIONS) * v,
    "wrapped": lambda x, v: np.take(x, POSITIONS * 7, axis=0, mode="wrap") * v[0, 0],
    "assigned": lambda x, v: np.setitem(x, v * v, (POSITIONS, [[0, 1], [0, 1]])) ** 2,
    "assigned twice": lambda x, v: np.setitem(x, v, ([[0, 0], [1, 1]], 1)) ** 2,
    "assigned rows": lambda x, v: np.setitem(x, v[0, 0] * x[:1], (x[:, 0] > -99)) ** 2,
    "assigned by mask": lambda x, v: np.setitem(
        x, np.tile(v[0], 3), np.asarray(MASK) & (x > -99)
    ) ** 2,
    "each repeated": lambda x, v: np.repeat(x, np.asarray([0, 2, 3]), axis=1) * v[0, 0],
}  # fmt: skip


@pytest.mark.parametrize("name", SMOOTH)
def test_gradients(name: str) -> None:
    random = numpy.random.default_rng(3)
    x, v = random.standard_normal((3, 3)), random.standard_normal((2, 2))

    def function(x: Any, v: Any) -> Any:
        y = SMOOTH[name](x, v)
        size = y.size
        flat = np.reshape(y, (size,))
        return np.sum(flat * np.sin(np.arange(1, 1 + size)))

    for found, position in zip(grad(function, wrt=(0, 1))(x, v), (0, 1), strict=True):
        numpy.testing.assert_allclose(found, differences(function, [x, v], position), atol=1e-6)


def test_gradient_of_a_gradient() -> None:
    random = numpy.random.default_rng(4)
    x, v = random.standard_normal((3, 3)), random.standard_normal((2, 2))

    def function(x: Any, v: Any) -> Any:
        slope = grad(lambda x: np.sum(x[POSITIONS, POSITIONS] ** 3) + np.sum(x[x > 0] ** 3))(x)
        return np.sum(slope**2) + np.sum(v) * 0

    found = grad(function)(x, v)
    numpy.testing.assert_allclose(found, differences(function, [x, v], 0), atol=1e-4)


def differences(function: Any, arrays: list[Any], position: int) -> Any:
    """(f(x + h) - f(x - h)) / 2h for every element of one array."""
    slope = numpy.zeros_like(arrays[position])
    for place in numpy.ndindex(slope.shape):
        sides = []
        for step in (1e-6, -1e-6):
            moved = [array.copy() for array in arrays]
            moved[position][place] += step
            sides.append(function(*moved))
        slope[place] = (sides[0] - sides[1]) / 2e-6
    return slope


def test_a_traced_array_is_no_number_of_python() -> None:
    with pytest.raises(TraceError, match="the index of a traced"):
        compile(lambda x, i: [1, 2, 3][i], (spec("float32", [3]), spec("int32")), backend="numpy")
