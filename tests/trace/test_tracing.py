"""Tracing: Python runs once, what needs a number says so, and assignment means what it says."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy
import pytest

from isthmus import np, npx
from isthmus.errors import DimensionError, TraceError, UsageError
from isthmus.graph.nodes import Constant
from isthmus.graph.tree import leaves
from isthmus.program.compiling import compile
from isthmus.trace.tracing import Arguments, spec, trace

F = spec("float32", [2, 3])
X = numpy.arange(6, dtype=numpy.float32).reshape(2, 3)


class Pair(NamedTuple):
    """A named tuple, which must come out as one."""

    left: Any
    right: Any


def same_as_numpy(function: Callable[..., Any], *arrays: Any, names: Any = None) -> None:
    """The traced program returns what the function itself returns of copies of the arrays."""
    specs = tuple(spec(a.dtype, names or a.shape) for a in arrays)
    found = compile(function, specs, backend="numpy")(*arrays)
    wanted = function(*(array.copy() for array in arrays))
    pairs = zip(leaves(found), leaves(wanted), strict=True)
    for (path, left), (wanted_path, right) in pairs:
        assert path == wanted_path and left.dtype == numpy.asarray(right).dtype
        numpy.testing.assert_array_equal(left, right)


# Nests


def test_nested_arguments_and_results() -> None:
    def function(first: Any, second: Any, *, scale: Any) -> Any:
        total = first["a"] + first["b"][0] * scale
        return {"sum": total, "rest": [second[1], (total, None)], "pair": Pair(total, scale)}

    specs = Arguments(({"a": F, "b": [F]}, (F, F)), {"scale": spec("float32")})
    run = compile(function, specs, backend="numpy")
    arguments = ({"a": X, "b": [X]}, (X, X + 1))
    found = run(*arguments, scale=numpy.float32(3))
    numpy.testing.assert_array_equal(found["sum"], X * 4)
    numpy.testing.assert_array_equal(found["rest"][0], X + 1)
    assert found["rest"][1][1] is None
    assert isinstance(found["pair"], Pair) and found["pair"].right == 3


def test_names_of_inputs_and_outputs() -> None:
    traced = trace(lambda a, b: {"sum": a["x"] + b[0]}, ({"x": F}, [F]))
    assert [value.name for value in traced.graph.inputs] == ["a.x", "b.0"]
    assert traced.graph.output_names == ("sum",)
    assert trace(lambda x: x, F).graph.output_names == ("output",)
    assert trace(lambda x: (x, x), F).graph.output_names == ("output.0", "output.1")


def test_one_spec_given_twice_is_two_inputs() -> None:
    same_as_numpy(lambda x, y: x - y, X, X + 1)


def test_defaults_and_keywords() -> None:
    def function(x: Any, scale: float = 2.0, *, shift: Any = None) -> Any:
        return x * scale if shift is None else x * scale + shift

    numpy.testing.assert_array_equal(compile(function, F, backend="numpy")(X), X * 2)
    run = compile(function, {"x": F, "shift": F}, backend="numpy")
    numpy.testing.assert_array_equal(run(x=X, shift=X), X * 3)
    numpy.testing.assert_array_equal(run(shift=X, x=X), X * 3)


def test_variable_arguments() -> None:
    run = compile(lambda *arrays: arrays[0] - arrays[1], (F, F), backend="numpy")
    numpy.testing.assert_array_equal(run(X, X * 2), -X)


def test_python_runs_once() -> None:
    calls: list[int] = []
    run = compile(lambda x: calls.append(1) or x, F, backend="numpy")  # type: ignore[func-returns-value]
    run(X), run(X)
    assert calls == [1]


def test_closures_are_constants() -> None:
    table = numpy.ones((2, 3), numpy.float32)
    graph = trace(lambda x: x + table, F).graph
    (node,) = graph.nodes()
    assert isinstance(node.operands[1], Constant)
    numpy.testing.assert_array_equal(node.operands[1].array, table, strict=True)


def test_location_is_the_users_line() -> None:
    (node,) = trace(lambda x: npx.gelu(x), F).graph.nodes()
    assert node.location.startswith(__file__)


# What needs a number


def branch(x: Any) -> Any:
    return x if np.sum(x) > 0 else -x


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (branch, r"the truth of a traced bool\[\].* np\.where"),
        (lambda x: [x for _ in range(x[0, 0])], r"the index of a traced float32\[\]"),
        (lambda x: math.sqrt(x[0, 0]), r"float\(\) of a traced"),
        (lambda x: int(x[0, 0]), r"int\(\) of a traced"),
        (lambda x: complex(x[0, 0]), r"complex\(\) of a traced"),
        (lambda x: 1.0 in x, r"'in' of a traced"),
        (lambda x: np.sum(x) and x, "the truth of a traced"),
        (lambda x: numpy.asarray(x), r"call the function of isthmus\.np"),
        (lambda x: numpy.add.reduceat(x, [0]), r"numpy\.add\.reduceat is not taken here; .* outer"),
        (lambda x: numpy.hypot.reduce(x), r"there are calls, outer, reduce of add"),
        (lambda x: numpy.asarray(x) + 1, r"call the function of isthmus\.np"),
        (lambda x: numpy.put_along_axis(x, x, x, 0), r"isthmus\.np has no such function; the nea"),
        (
            lambda x: numpy.add(x, x, out=numpy.zeros(3)),
            r"out writes into memory .* use the r",
        ),
        (lambda x: numpy.add(x, x, where=x > 0), r"where leaves elements undefined"),
    ],
)
def test_what_needs_a_number_says_so(function: Callable[..., Any], message: str) -> None:
    with pytest.raises(TraceError, match=message):
        trace(function, F)


def test_a_traced_array_has_no_hash() -> None:
    with pytest.raises(TypeError, match="unhashable"):
        trace(lambda x: {x: 1}, F)


def test_numpys_own_functions_trace() -> None:
    same_as_numpy(lambda x: numpy.tanh(x) + numpy.add(x, 1) - numpy.power(x, 2), X)
    same_as_numpy(lambda x: numpy.sum(x, axis=1) + numpy.mean(numpy.reshape(x, (2, -1))), X)
    same_as_numpy(lambda x: numpy.concatenate([x, x], axis=1), X)
    same_as_numpy(lambda x: numpy.ones(3, numpy.float32) * x, X)


def test_operators_on_the_right() -> None:
    same_as_numpy(
        lambda x: (2 - x, 2.5 / (x + 1), 2**x, 7 // (x + 1), 7 % (x + 1), 1 + x, 3 * x), X
    )
    same_as_numpy(lambda x: X @ np.permute_dims(x), X)
    same_as_numpy(lambda x: (x > 1, x >= 1, x == 2, x != 2, x < 3, ~(x > 1) & (x < 4) | (x > 4)), X)
    same_as_numpy(lambda x: (-x, +x, abs(x - 2)), X)


def test_methods() -> None:
    same_as_numpy(
        lambda x: (
            x.astype("int32"), x.reshape(3, 2), x.reshape((6,)), x.T, x.transpose(1, 0),
            x.flatten(), x.sum(axis=0), x.mean(), x.max(axis=1, keepdims=True), x.min(), x.argmax(),
        ),
        X,
    )  # fmt: skip


# Iteration


def test_iteration_over_a_known_size() -> None:
    same_as_numpy(lambda x: sum(row * i for i, row in enumerate(x)), X)
    same_as_numpy(lambda x: len(x) * x, X)
    first, *_ = leaves(trace(lambda x: list(x), F).result)
    assert first == (("0",), "output.0")


def test_iteration_over_a_named_size_is_an_error() -> None:
    with pytest.raises(DimensionError, match="'n' is not a number while tracing"):
        trace(lambda x: sum(row for row in x), spec("float32", ["n", 2]))


def test_a_0d_array_has_no_length() -> None:
    with pytest.raises(TypeError, match="0-d"):
        trace(lambda x: len(x), spec("float32"))


# Assignment


def rebound(x: Any) -> Any:
    x = x + 0
    before = x * 1
    doubled = x * 2
    x[0] = 9
    return x, before, doubled


def added_in_place(x: Any) -> Any:
    x = x * 1
    alias = x
    x += 1
    x *= 2
    x -= 0.5
    x /= 2
    return x, alias


def assigned_in_a_loop(x: Any) -> Any:
    total = np.zeros_like(x) + x * 0
    for i in range(x.shape[0]):
        total[i] = x[i] * i
    return total


def view_after_assignment(x: Any) -> Any:
    x = x + 0
    x[:, 1] = 7
    view = x[:, 1:]
    return view * 2


def flattened_and_assigned(x: Any) -> Any:
    x = (x + 0).reshape(-1)  # a view of an array that nobody has any more
    x[1] = 5
    return x


def row_added_in_place(x: Any) -> Any:
    x = x + 0
    x[1] += 3
    x[0] *= x[1]
    return x


@pytest.mark.parametrize(
    "function",
    [
        rebound,
        added_in_place,
        assigned_in_a_loop,
        view_after_assignment,
        flattened_and_assigned,
        row_added_in_place,
    ],
)
def test_assignment_means_what_it_means_in_numpy(function: Callable[..., Any]) -> None:
    same_as_numpy(function, X)


def stale_view(x: Any) -> Any:
    x = x + 0
    view = x[0]
    x[0, 0] = 9
    return view


def stale_reshape(x: Any) -> Any:
    x = x + 0
    view = x.reshape(-1).T
    x += 1
    return view


def assigned_to_a_view(x: Any) -> Any:
    row = x[0]
    row[0] = 1
    return x


def added_to_a_view(x: Any) -> Any:
    row = x.T
    row += 1
    return x


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (stale_view, "shares memory with this one was assigned to since.*take the view after"),
        (stale_reshape, "shares memory with this one was assigned to since"),
        (assigned_to_a_view, r"x\[i, j\] = v instead"),
        (added_to_a_view, "NumPy would have"),
    ],
)
def test_views_that_numpy_would_change_are_refused(
    function: Callable[..., Any], message: str
) -> None:
    with pytest.raises(TraceError, match=message):
        trace(function, F)


def test_plus_makes_a_copy() -> None:
    same_as_numpy(lambda x: (assigned(+x), x), X)


def assigned(x: Any) -> Any:
    x[0] = -1
    return x


def test_in_place_keeps_dtype_and_shape() -> None:
    with pytest.raises(TraceError, match="cannot assign float64 in place to int32; write x = x"):
        trace(lambda x: x.__iadd__(1.5), spec("int32", [2]))
    with pytest.raises(DimensionError):
        trace(lambda x: x.__iadd__(numpy.ones((4, 2), numpy.float32)), spec("float32", [2]))


# Promotion


@pytest.mark.parametrize(
    "dtype", ["bool", "uint8", "int32", "int64", "float16", "float32", "float64"]
)
def test_python_scalars_are_weak(dtype: str) -> None:
    x = numpy.array([0, 1, 1]).astype(dtype)
    same_as_numpy(lambda x: (x + 3, 2.5 * x, x + True, x / 2, x * numpy.float32(2)), x)
    same_as_numpy(
        lambda x: (np.where(x > 0, 1, x), np.where(x > 0, 1.5, x), np.where(x > 0, 1, 2)), x
    )


def test_a_scalar_that_does_not_fit_is_refused_as_in_numpy() -> None:
    with pytest.raises(OverflowError, match="300 out of bounds for uint8"):
        trace(lambda x: x + 300, spec("uint8", [2]))


def test_bounds_of_clip() -> None:
    same_as_numpy(lambda x: (np.clip(x), np.clip(x, 1), np.clip(x, None, 3), np.clip(x, 1, 3)), X)


def test_a_named_size_as_a_number() -> None:
    function = lambda x: (x / x.shape[1], x.shape[0] - x, np.sum(x) / x.size, x + x.shape[1] // 2)  # noqa: E731
    same_as_numpy(function, X, names=["n", "m"])


def test_a_named_size_is_a_weak_int() -> None:
    graph = trace(lambda x: x / x.shape[0], spec("float32", ["n"])).graph
    assert graph.outputs[0].type.dtype == numpy.float32


# Wrong specs


@pytest.mark.parametrize(
    ("specs", "message"),
    [
        ((), r"missing a required argument: 'x'; give one spec an argument"),
        ((F, F), "too many positional arguments"),
        ({"y": F}, "missing a required argument: 'x'"),
        ((X,), r"(?s)x: .* is no spec; give isthmus\.spec"),
        (("float32",), "x: 'float32' is no spec"),
        ((spec(object, [2]),), "dtype object has no place in a graph"),
    ],
)
def test_wrong_specs(specs: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        trace(lambda x: x, specs)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("flot32",), "'flot32' is not a dtype; give one such as 'float32'"),
        (("float32", "batch"), r"shape 'batch' is a text; give a list of sizes"),
        (("float32", [-1]), "-1 is not a size"),
        (("float32", ["a b"]), "'a b' is not a size; write a name"),
    ],
)
def test_wrong_spec(arguments: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        spec(*arguments)


@pytest.mark.parametrize("outcome", [None, [], {}])
def test_a_function_returns_an_array(outcome: Any) -> None:
    with pytest.raises(UsageError, match="returned no array; return one, or a nest of them"):
        trace(lambda x: outcome, F)


def test_objects_are_no_numbers() -> None:
    with pytest.raises(UsageError, match="an array of object cannot be traced; give numbers"):
        trace(lambda x: (x, numpy.array([{}])), F)


# Messages of operators


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (
            lambda x: x + np.ones(2),
            r"np\.add\(float32\[2, 3\], float64\[2\]\): sizes 3 and 2 do not",
        ),
        (lambda x: x @ x, r"np\.matmul\(float32\[2, 3\], float32\[2, 3\]\): inner sizes 3 and 2"),
        (
            lambda x: np.sum(x, axis=5),
            r"np\.sum\(float32\[2, 3\]\): axis 5 of an array with 2 axes",
        ),
        (lambda x: np.reshape(x, (4, 2)), "cannot reshape 6 elements"),
        (lambda x: np.reshape(x, (-1, -1)), "only one size may be -1"),
        (lambda x: np.reshape(x, (-1, 4)), "not divisible by 4"),
        (lambda x: np.squeeze(x, axis=0), "cannot squeeze axis 0 of size 2"),
        (lambda x: np.permute_dims(x, (0, 0)), "no permutation of the 2 axes"),
        (lambda x: np.tanh(*[x, x]), r"np\.tanh: too many positional arguments; see help"),
        (lambda x: npx.softmax(x, axis=4), r"npx\.softmax\(float32\[2, 3\]\)|axis 4"),
        (lambda x: np.take(x, x, axis=0), "indices of dtype float32; give integers"),
        (lambda x: np.split(x, 2, axis=1), "3 does not divide into 2 equal parts"),
        (lambda x: np.broadcast_to(x, (3, 3)), "sizes 2 and 3 do not broadcast"),
    ],
)
def test_operators_say_what_is_wrong(function: Callable[..., Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        trace(function, F)


def test_unknown_functions_have_a_hint() -> None:
    with pytest.raises(AttributeError, match=r"no 'block' \(NumPy has it, this release does not\)"):
        np.block  # noqa: B018
    with pytest.raises(AttributeError, match=r"no 'sofmax' \(NumPy has none\)"):
        np.sofmax  # noqa: B018
