"""Every wrong argument is told apart, by name, with what to do about it."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy
import pytest

from isthmus import models, np
from isthmus.errors import DimensionError, IndexOutside, UsageError
from isthmus.program.compiling import compile, load
from isthmus.program.executable import Executable
from isthmus.trace.tracing import Arguments, spec

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
        ((X,), {}, "y is missing: arguments 1 positional given"),
        ((X, X, X), {}, "3 positional arguments given, and there are 2: arguments 3 positional"),
        ((X,), {"x": X}, "x is given by position and by name: arguments 1 positional, x given"),
        ((X,), {"y": X, "z": X}, "z is unknown: arguments 1 positional, y, z given"),
        (([X], X), {}, "x is nested in another way: arguments 2 positional given"),
        ((None, X), {}, "x is nested in another way: arguments 2 positional given"),
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


ORDERS = [
    {"x": spec("float32", [2]), "y": spec("float32", [2])},
    (spec("float32", [2]), spec("float32", [2])),
    Arguments((spec("float32", [2]),), {"y": spec("float32", [2])}),
]


@pytest.mark.parametrize("specs", ORDERS, ids=["named", "positional", "both"])
@pytest.mark.parametrize("way", ["call", "bind", "loaded", "pickled"])
def test_arguments_by_position_or_name_as_python_binds_them(
    specs: Any, way: str, tmp_path: Path
) -> None:
    run: Any = compile(lambda x, y: x - y, specs, backend="numpy")
    run.save(tmp_path / "minus.im")
    if way == "loaded":
        run = load(tmp_path / "minus.im", backend="numpy")
    if way == "pickled":
        run = pickle.loads(pickle.dumps(run))
    if way == "bind":
        call = run.bind
        run = lambda *args, **kwargs: call(*args, **kwargs)()  # noqa: E731
    x, y = numpy.array([5, 7], numpy.float32), numpy.array([1, 2], numpy.float32)
    for found in (run(x, y), run(x, y=y), run(x=x, y=y), run(y=y, x=x)):
        numpy.testing.assert_array_equal(found, x - y)
    for args, kwargs in [((x,), {}), ((x, y, y), {}), ((x,), {"x": y}), ((x, y), {"y": y})]:
        with pytest.raises(UsageError) as raised:
            run(*args, **kwargs)
        assert "\n" not in str(raised.value)


def test_what_an_argument_list_took_has_no_name() -> None:
    run = compile(lambda *many: many[0] - many[1], (spec("float32"),) * 2, backend="numpy")
    one, two = numpy.float32(1), numpy.float32(2)
    assert run(two, one) == 1
    for args, kwargs, message in [
        ((one,), {}, "a positional argument is missing"),
        ((one,), {"many": two}, "many is unknown"),
    ]:
        with pytest.raises(UsageError, match=message):
            run(*args, **kwargs)


def test_nests_are_given_by_name_as_well() -> None:
    specs = ({"a": spec("float32")}, [spec("float32")])
    run = compile(lambda d, k: d["a"] - k[0], specs, backend="numpy")
    one, two = numpy.float32(1), numpy.float32(2)
    assert run({"a": two}, k=[one]) == run(k=[one], d={"a": two}) == 1
    with pytest.raises(UsageError, match="k is nested in another way"):
        run({"a": two}, k=one)


def test_a_network_by_position() -> None:
    net = models.resnet(18, width=8, classes=3)
    run = compile(net, net.specs(batch=1), backend="numpy")
    x = numpy.ones((1, 3, 224, 224), numpy.float32)
    assert run(x).shape == (1, 3)


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
