"""Elementwise functions: dtypes of every pair of operands, keywords, and accuracy of formulas."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy
import pytest

from isthmus import np
from isthmus.errors import UsageError
from isthmus.graph.infer import Elementwise
from isthmus.program.compiling import compile
from isthmus.trace.op import OPERATORS, Op
from isthmus.trace.tracing import spec, trace

DTYPES = [
    "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64",
    "float16", "float32", "float64", "complex64", "complex128",
]  # fmt: skip
NUMBERS = [2, 0.5, 1 + 2j, True]
ELEMENTWISE = [
    op
    for name, op in sorted(OPERATORS.items())
    if name.startswith("np.") and isinstance(op.infer, Elementwise)
]
UNARY = [op for op in ELEMENTWISE if len(op.array_names) == 1]
BINARY = [op for op in ELEMENTWISE if len(op.array_names) == 2]

RANDOM = numpy.random.default_rng(3)
INT32 = numpy.iinfo(numpy.int32)
TINY = float(numpy.finfo(numpy.float32).smallest_normal)


def outcome(function: Callable[..., Any], *operands: Any) -> Any:
    """The dtype of NumPy's result; None where it refuses the operands."""
    try:
        with numpy.errstate(all="ignore"):
            return numpy.asarray(function(*operands)).dtype
    except (TypeError, ValueError):
        return None


def traced_dtype(function: Callable[..., Any], *types: Any) -> Any:
    try:
        return trace(function, types).graph.outputs[0].type.dtype
    except UsageError:
        return None


@pytest.mark.parametrize("op", UNARY, ids=str)
def test_dtype_of_one_operand(op: Op[..., Any]) -> None:
    for dtype in DTYPES:
        wanted = outcome(op.body, numpy.ones(1, dtype))
        assert traced_dtype(op, spec(dtype, [1])) == wanted, dtype


@pytest.mark.parametrize("op", BINARY, ids=str)
def test_dtype_of_two_operands(op: Op[..., Any]) -> None:
    for left, right in itertools.product(DTYPES, DTYPES):
        wanted = outcome(op.body, numpy.ones(1, left), numpy.ones(1, right))
        assert traced_dtype(op, spec(left, [1]), spec(right, [1])) == wanted, (left, right)


@pytest.mark.parametrize("op", BINARY, ids=str)
def test_dtype_beside_a_python_number(op: Op[..., Any]) -> None:
    for dtype, number in itertools.product(DTYPES, NUMBERS):
        array = numpy.ones(1, dtype)
        right, left = outcome(op.body, array, number), outcome(op.body, number, array)
        assert traced_dtype(lambda x, n=number: op(x, n), spec(dtype, [1])) == right, number
        assert traced_dtype(lambda x, n=number: op(n, x), spec(dtype, [1])) == left, number


# Comparisons


@pytest.mark.parametrize("number", [-1, 300, 2**40, 2**63, -(2**63)])
@pytest.mark.parametrize("dtype", ["uint8", "int32", "int64", "uint64"])
def test_comparison_with_an_int_out_of_range(dtype: str, number: int) -> None:
    x = numpy.array([0, 5, numpy.iinfo(dtype).max], dtype)
    for compare in (np.less, np.greater_equal, np.equal, np.not_equal):
        run = compile(lambda a, f=compare: f(a, number), spec(dtype, [3]), backend="numpy")
        numpy.testing.assert_array_equal(run(x), compare(x, number))


def test_int64_and_uint64_are_compared_exactly() -> None:
    x, y = numpy.array([2**62 + 1]), numpy.array([2**62], numpy.uint64)
    run = compile(np.equal, (spec("int64", [1]), spec("uint64", [1])), backend="numpy")
    assert not run(x, y).any()


# Names, keywords, several results

ALIASES = {
    "abs": "absolute", "acos": "arccos", "acosh": "arccosh", "asin": "arcsin", "asinh": "arcsinh",
    "atan": "arctan", "atan2": "arctan2", "atanh": "arctanh", "bitwise_invert": "bitwise_not",
    "bitwise_left_shift": "left_shift", "bitwise_right_shift": "right_shift", "conj": "conjugate",
    "deg2rad": "radians", "divide": "true_divide", "pow": "power", "rad2deg": "degrees",
    "remainder": "mod", "round": "around", "trunc": "fix",
}  # fmt: skip


@pytest.mark.parametrize("name", ALIASES)
def test_second_names(name: str) -> None:
    assert getattr(np, name) is getattr(np, ALIASES[name])
    assert {name, ALIASES[name]} <= set(np.__all__)


CALLS: dict[str, Callable[[Any, Any], Any]] = {
    "clip": lambda m, x: m.clip(x, -1, 1),
    "clip array": lambda m, x: m.clip(x, x[::-1], 2.0),
    "clip min": lambda m, x: m.clip(x, min=x[::-1]),
    "clip max": lambda m, x: m.clip(x, max=0.5),
    "clip None": lambda m, x: m.clip(x, None, 0.5),
    "clip nothing": lambda m, x: m.clip(x),
    "clip crossed": lambda m, x: m.clip(x, 2, -2),
    "clip nan": lambda m, x: m.clip(x, numpy.nan, 1),
    "clip double": lambda m, x: m.clip(x, numpy.float64(-1), numpy.zeros(3)),
    "clip broadcast": lambda m, x: m.clip(x, numpy.zeros((2, 1), "float32"), 1),
    "divmod": lambda m, x: m.divmod(x, 0.75),
    "frexp": lambda m, x: m.frexp(x),
    "modf": lambda m, x: m.modf(x),
    "isclose": lambda m, x: m.isclose(x, x * 1.00001),
    "isclose scalar": lambda m, x: m.isclose(x, 0.3, atol=0.1),
    "isclose int": lambda m, x: m.isclose(x, 1, rtol=0.5, equal_nan=True),
    "isclose nan": lambda m, x: m.isclose(x, x, equal_nan=True),
    "isclose tolerances": lambda m, x: m.isclose(x, 0.5, rtol=x * 0 + 0.1, atol=abs(x)),
    "allclose": lambda m, x: m.allclose(x, x + 1e-9),
    "array_equal": lambda m, x: m.array_equal(x, x),
    "array_equal nan": lambda m, x: m.array_equal(x, +x, equal_nan=True),
    "array_equal shapes": lambda m, x: m.array_equal(x[:2], x[:2]),
    "array_equiv": lambda m, x: m.array_equiv(x, x[:1]),
    "nan_to_num": lambda m, x: m.nan_to_num(x, nan=2.0, posinf=9.0),
    "round": lambda m, x: m.round(x, 2),
    "around": lambda m, x: m.around(x, decimals=-1),
}
MIXED = numpy.array([0.3, numpy.nan, -25.124], numpy.float32)


def arrays(found: Any) -> list[Any]:
    return [numpy.asarray(one) for one in (found if isinstance(found, tuple) else (found,))]


def check(found: Any, wanted: Any) -> None:
    for one, other in zip(arrays(found), arrays(wanted), strict=True):
        assert (one.dtype, one.shape) == (other.dtype, other.shape)
        numpy.testing.assert_allclose(one, other, rtol=1e-6 * (other.dtype.kind == "f"))


@pytest.mark.parametrize("name", CALLS)
def test_calls_are_numpys(name: str, device_backend: dict[str, Any]) -> None:
    with numpy.errstate(all="ignore"):
        wanted = CALLS[name](numpy, MIXED)
        eager = CALLS[name](np, MIXED)
    check(eager, wanted)
    assert type(eager) is type(wanted)
    run = compile(lambda x: CALLS[name](np, x), spec("float32", [3]), **device_backend)
    check(run(MIXED), wanted)


CLIPS: list[tuple[str, Any, Any]] = [
    ("uint8", -5, 300), ("uint8", 3, None), ("int32", 0.5, 2), ("int64", None, 2**70),
    ("int8", -128, 5), ("bool", False, True), ("float16", 0, 1), ("float32", 0, numpy.int64(3)),
]  # fmt: skip


@pytest.mark.parametrize(("dtype", "low", "high"), CLIPS)
def test_clip_keeps_numpys_dtype(dtype: str, low: Any, high: Any) -> None:
    x = numpy.arange(4).astype(dtype)
    wanted = numpy.clip(x, low, high)
    run = compile(lambda a: np.clip(a, low, high), spec(dtype, [4]), backend="numpy")
    for found in (np.clip(x, low, high), run(x), np.clip(x, a_min=low, a_max=high)):
        assert found.dtype == wanted.dtype
        numpy.testing.assert_array_equal(found, wanted)


def test_a_bound_has_one_name() -> None:
    with pytest.raises(UsageError, match="min or a_min, not both"):
        np.clip(MIXED, 0, 1, a_min=0)


def test_lists_and_numbers_are_taken() -> None:
    assert np.clip([1, 5], 2, 3).tolist() == [2, 3]
    assert np.isclose(1.0, 1 + 1e-9) and np.allclose([1.0], [1.0]) and np.array_equal([1], [1])
    assert not np.array_equal([1], [1, 1]) and np.array_equiv([1], [1, 1])
    assert not np.array_equiv([1, 2], [1, 2, 3])


# Accuracy

WHOLE = RANDOM.integers(0, 2**32, 4000, numpy.uint32).view(numpy.float32)
LINE = numpy.concatenate([
    RANDOM.uniform(-1, 1, 1000), RANDOM.uniform(-10, 10, 1000), RANDOM.uniform(-90, 90, 2000),
    RANDOM.standard_normal(1000) * 1e-3, 1 + RANDOM.standard_normal(1000) * 1e-4,
    [88.5, 88.7, 89.3, -88.5, 127.9, -126.5],
]).astype(numpy.float32)  # fmt: skip
NUMBERS32 = numpy.concatenate([WHOLE, LINE])
# Sums of two logarithms near 0 keep the rounding of what is added.
CANCELLING = {"np.logaddexp", "np.logaddexp2"}


@pytest.mark.parametrize("op", ELEMENTWISE, ids=str)
def test_accuracy_over_all_of_float32(op: Op[..., Any], device_backend: dict[str, Any]) -> None:
    turned = RANDOM.permutation(NUMBERS32)
    operands = (NUMBERS32, turned)[: len(op.array_names)]
    if outcome(op.body, *(x[:1] for x in operands)) is None:
        return  # bits of floats
    with numpy.errstate(all="ignore"):
        wanted = op.body(*operands)
        found = compile(op, tuple(spec("float32", x.shape) for x in operands), **device_backend)(
            *operands
        )
    atol = 1e-6 if op.name in CANCELLING else TINY
    numpy.testing.assert_allclose(found, wanted, rtol=1e-5, atol=atol)


def test_bits_of_ints(device_backend: dict[str, Any]) -> None:
    values = numpy.array([0, 1, -1, 7, 2**20, INT32.max, INT32.min, 31, 32, 40], numpy.int32)
    x, y = (column.ravel() for column in numpy.meshgrid(values, values))
    for op in (np.bitwise_and, np.bitwise_or, np.bitwise_xor, np.left_shift, np.right_shift):
        run = compile(op, (spec("int32", x.shape),) * 2, **device_backend)
        numpy.testing.assert_array_equal(run(x, y), op(x, y))
