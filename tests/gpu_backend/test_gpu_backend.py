"""The gpu backend on ONNX Runtime's CPU provider, against the operators' NumPy bodies."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy
import pytest
from operator_samples import SAMPLES
from sample_arrays import Sample

import isthmus as im
from isthmus import np, npx
from isthmus.errors import DimensionError, IndexOutside, UsageError
from isthmus.gpu_backend import capability, types_taken
from isthmus.onnx.write import lowering
from isthmus.program.options import Options
from isthmus.trace.op import OPERATORS, Op

pytest.importorskip("onnxruntime")

ROWS = [
    pytest.param(op, row, id=f"{op.name}-{i}")
    for op, rows in SAMPLES.items()
    for i, row in enumerate(rows)
]
USUAL = [0, 1, -1, 0.5, -0.5, 1.5, 2.5, -2.5, 3, -7, 0.1, 0.3, 1e10, 16777217, 1e-30]
BORDERS = [numpy.inf, -numpy.inf, numpy.nan, 3e38, 2**31, -(2**31), 9.3e18]
SPECIAL = numpy.array([*USUAL, *BORDERS], numpy.float32)


def on_gpu(function: Any, specs: Any, **options: Any) -> im.Executable:
    return im.compile(function, specs, backend="gpu", device="cpu", threads=1, **options)


def called(op: Op[..., Any], row: Sample) -> tuple[Callable[..., Any], list[Any]]:
    """The sample as a function of its arrays, and the arrays."""
    places = [i for i, o in enumerate(row.operands) if isinstance(o, numpy.ndarray | numpy.generic)]

    def function(*arrays: Any) -> Any:
        operands = list(row.operands)
        for place, array in zip(places, arrays, strict=True):
            operands[place] = array
        return op(*([operands] if op.variadic else operands), **row.attributes)

    return function, [numpy.asarray(row.operands[i]) for i in places]


def specs_of(arrays: list[Any]) -> Any:
    return tuple(im.spec(a.dtype, a.shape) for a in arrays)


def assert_same(found: Any, wanted: Any, rtol: float = 1e-5, atol: float = 1e-5) -> None:
    assert (found.dtype, found.shape) == (wanted.dtype, wanted.shape)
    numpy.testing.assert_allclose(found, wanted, rtol=rtol, atol=atol)


def assert_exact(function: Any, *arrays: Any) -> im.Executable:
    """The program gives what NumPy gives, NaN for NaN; the sign of a zero apart."""
    program = on_gpu(function, specs_of(list(arrays)))
    wanted = im.compile(function, specs_of(list(arrays)), backend="numpy")(*arrays)
    found = program(*arrays)
    assert found.dtype == wanted.dtype
    numpy.testing.assert_array_equal(found, wanted)
    return program


@pytest.mark.parametrize(("op", "row"), ROWS)
def test_named_sizes_give_the_same(op: Op[..., Any], row: Sample) -> None:
    function, arrays = called(op, row)
    named = tuple(
        im.spec(a.dtype, [f"n{size}" if size > 1 else size for size in a.shape]) for a in arrays
    )
    try:
        program = on_gpu(function, named)
    except (DimensionError, UsageError):
        pytest.skip("the sample's attributes need numbers for sizes")
    with numpy.errstate(all="ignore"):
        found, wanted = program(*arrays), function(*arrays)
    if not isinstance(wanted, tuple):
        found, wanted = (found,), (wanted,)
    for ours, numpys in zip(found, wanted, strict=True):
        assert_same(ours, numpy.asarray(numpys))


def test_every_primitive_is_lowered_or_named_as_the_hosts() -> None:
    ours = {op for op in OPERATORS.values() if op.name.startswith(("np.", "npx."))}
    primitives = {op for op in ours if not op.is_composite}
    host_only = set(lowering.HOST_ONLY) | {op for op in ours if op.host_only}
    assert primitives <= set(lowering.LOWERING) | host_only
    assert set(types_taken.TYPES) == primitives - host_only


def lasts_beyond(attributes: dict[str, Any]) -> bool:
    """Whether there is output_padding that is not below the stride, of which it has none."""
    added = numpy.max(attributes.get("output_padding", 0))
    return bool(added and added >= numpy.min(attributes.get("strides", 1)))


def test_float32_samples_run_on_the_backend_but_for_empty_arrays() -> None:
    ran = set()
    for op, rows in SAMPLES.items():
        for row in rows if op in lowering.LOWERING else ():
            function, arrays = called(op, row)
            if any(a.size == 0 or a.dtype != numpy.float32 for a in arrays):
                continue
            if row.attributes.get("dtype") == numpy.float64:  # of a cast: the host's
                continue
            if op is npx.conv_transpose and lasts_beyond(row.attributes):
                continue
            run = on_gpu(function, specs_of(arrays), on_host="error")
            assert not any(segment.on_host for segment in run.segments)
            ran.add(op)
    assert len(ran) > 100


BINARY = [
    np.add, np.subtract, np.multiply, np.divide, np.maximum, np.minimum, np.floor_divide,
    np.remainder, np.equal, np.not_equal, np.less, np.less_equal, np.greater, np.greater_equal,
]  # fmt: skip


@pytest.mark.parametrize("op", BINARY, ids=str)
def test_binary_of_special_floats_is_exact(op: Op[..., Any]) -> None:
    a, b = (grid.ravel().copy() for grid in numpy.meshgrid(SPECIAL, SPECIAL))
    program = assert_exact(op, a, b)
    assert [s.on_host for s in program.segments] == [False]


UNARY = [
    np.abs, np.ceil, np.floor, np.round, np.sign, np.sqrt, np.negative, np.isnan, np.isinf,
    np.isfinite,
]  # fmt: skip


@pytest.mark.parametrize("op", UNARY, ids=str)
def test_unary_of_special_floats_is_exact(op: Op[..., Any]) -> None:
    program = assert_exact(op, SPECIAL)
    assert [s.on_host for s in program.segments] == [False]


@pytest.mark.parametrize("op", [np.exp, np.log, np.sin, np.cos, np.tanh, npx.erf], ids=str)
def test_functions_of_special_floats_are_close(op: Op[..., Any]) -> None:
    with numpy.errstate(all="ignore"):
        wanted = op(SPECIAL)
    found = on_gpu(op, im.spec("float32", SPECIAL.shape))(SPECIAL)
    numpy.testing.assert_allclose(found, wanted, rtol=2e-6, atol=6e-7)


@pytest.mark.parametrize("dtype", ["int32", "int64", "bool", "float32"])
def test_casts_of_special_floats_are_numpys(dtype: str) -> None:
    program = assert_exact(lambda x: np.astype(x, dtype), SPECIAL)
    places = [s.on_host for s in program.segments]
    assert places == ([] if dtype == "float32" else [False])  # nothing is left of a cast to itself


def edges(dtype: str) -> Any:
    info = numpy.iinfo(dtype)
    ends = [info.max, info.min, info.max - 1, info.min + 1, 2**24 + 1]
    return numpy.array([0, 1, -1, 2, -2, 3, -3, 7, -7, 10, *ends], dtype)


INTEGER = [
    np.add, np.subtract, np.multiply, np.maximum, np.minimum, np.equal, np.less, np.floor_divide,
    np.remainder, np.divide,
]  # fmt: skip


@pytest.mark.parametrize("dtype", ["int32", "int64"])
@pytest.mark.parametrize("op", INTEGER, ids=str)
def test_binary_of_integers_is_exact_at_the_edges(op: Op[..., Any], dtype: str) -> None:
    a, b = (grid.ravel().copy() for grid in numpy.meshgrid(edges(dtype), edges(dtype)))
    assert_exact(op, a, b)


@pytest.mark.parametrize("divisor", [3, -3, 2, -2, 7, 2**31 - 1, -(2**31)])
@pytest.mark.parametrize("op", [np.floor_divide, np.remainder], ids=str)
def test_division_by_a_constant_runs_on_the_backend(op: Op[..., Any], divisor: int) -> None:
    program = assert_exact(lambda x: op(x, divisor), edges("int32"))
    assert [s.on_host for s in program.segments] == [False]


@pytest.mark.parametrize(
    "op",
    [np.abs, np.negative, np.sign, np.ceil, np.sum, np.prod, np.max, np.min, np.argmax, np.isnan],
    ids=str,
)
def test_unary_of_integers_is_exact_at_the_edges(op: Op[..., Any]) -> None:
    assert_exact(op, edges("int64"))
    assert_exact(op, edges("int32"))


@pytest.mark.parametrize("after", ["int32", "int64", "bool", "float32", "int8", "float64"])
@pytest.mark.parametrize("before", ["int32", "int64", "bool"])
def test_casts_of_integers_are_numpys(before: str, after: str) -> None:
    values = edges(before) if before != "bool" else numpy.array([True, False])
    assert_exact(lambda x: np.astype(x, after), values)


BOOLEAN = [np.add, np.multiply, np.maximum, np.minimum, np.equal, np.not_equal, np.less]


@pytest.mark.parametrize("op", BOOLEAN, ids=str)
def test_arithmetic_of_truth_values_is_numpys(op: Op[..., Any]) -> None:
    both = numpy.array([True, True, False, False]), numpy.array([True, False, True, False])
    assert_exact(op, *both)


def test_where_selects_truth_values() -> None:
    truth = numpy.array([True, True, False, False])
    assert_exact(np.where, truth, ~truth, truth[:1])


def grid_with_nan() -> Any:
    x = numpy.random.default_rng(0).integers(0, 3, (5, 6, 7)).astype(numpy.float32)
    x[0, 0, 0] = x[1, 2, 4] = x[3, 1] = numpy.nan
    x[1, 2, 3], x[2] = numpy.inf, -numpy.inf
    return x


@pytest.mark.parametrize("axis", [None, 0, 1, -1])
@pytest.mark.parametrize("op", [np.max, np.min, np.argmax, np.argmin], ids=str)
def test_extremes_with_nan_ties_and_infinities_are_numpys(op: Op[..., Any], axis: Any) -> None:
    assert_exact(lambda x: op(x, axis=axis), grid_with_nan())
    assert_exact(lambda x: op(x, axis=axis, keepdims=True), grid_with_nan())


@pytest.mark.parametrize("op", [np.max, np.min, np.sum, np.mean, np.prod], ids=str)
def test_reduction_over_no_axes_changes_nothing(op: Op[..., Any]) -> None:
    assert_exact(lambda x: op(x, axis=()), grid_with_nan())
    assert_exact(op, numpy.array(2.5, numpy.float32))


def test_clip_keeps_nan_and_fast_numerics_need_not() -> None:
    assert_exact(lambda x: np.clip(x, 0, 6), SPECIAL)
    careful, fast = (
        on_gpu(np.max, im.spec("float32", [4]), numerics=numerics) for numerics in ("numpy", "fast")
    )
    assert "IsNaN" in careful.explain()
    assert "IsNaN" not in fast.explain()


def test_one_program_runs_many_sizes() -> None:
    def heads(x: Any) -> Any:
        batch, seq, width = x.shape
        split = np.permute_dims(np.reshape(x, (batch, seq, 4, width // 4)), (0, 2, 1, 3))
        tail = split[:, :, 1:, ::2] + np.astype(np.arange(seq - 1), "float32")[:, None]
        return np.reshape(np.permute_dims(tail, (0, 2, 1, 3)), (batch, 8 * (seq - 1)))

    program = on_gpu(heads, im.spec("float32", ["batch", "seq", 16]), on_host="error")
    oracle = im.compile(heads, im.spec("float32", ["batch", "seq", 16]), backend="numpy")
    for batch, seq in [(1, 2), (3, 7), (2, 1), (0, 5), (4, 33)]:
        x = numpy.random.default_rng(batch).standard_normal((batch, seq, 16), numpy.float32)
        assert_same(program(x), oracle(x))


@pytest.mark.parametrize("size", ["seq//2 + 1", "2*seq", "seq*batch", "seq*seq - batch"])
def test_arithmetic_of_sizes_is_done_in_the_model(size: str) -> None:
    from isthmus.graph.size_text import parse

    def function(x: Any) -> Any:
        return np.sum(x) + np.full((parse(size),), parse(size), numpy.float32)

    program = on_gpu(function, im.spec("float32", ["batch", "seq"]), on_host="error")
    for shape in [(1, 2), (3, 7), (2, 11)]:
        given = {"batch": shape[0], "seq": shape[1]}
        wanted = numpy.full(eval(size, given), eval(size, given), numpy.float32)
        assert_same(program(numpy.zeros(shape, numpy.float32)), wanted)


def test_size_that_no_input_shows_reaches_a_later_segment() -> None:
    def function(x: Any) -> Any:
        on_host = np.astype(np.astype(x, "float64"), "float32")  # float64 is the host's
        return np.sum(np.tanh(on_host[: x.shape[0] // 2])) + np.arange(x.shape[0])

    spec = im.spec("float32", ["n"])
    x = numpy.linspace(0, 1, 9, dtype=numpy.float32)
    assert_same(on_gpu(function, spec)(x), im.compile(function, spec, backend="numpy")(x))


def test_index_outside_raises_as_in_numpy() -> None:
    table = numpy.arange(12, dtype=numpy.float32).reshape(4, 3)
    program = on_gpu(lambda i: np.take(table, i, axis=0), im.spec("int32", ["n"]), on_host="error")
    assert_same(program(numpy.array([3, -4], numpy.int32)), table[[3, -4]])
    with pytest.raises(IndexOutside, match="index 4 is out of bounds"):
        program(numpy.array([1, 4], numpy.int32))


@pytest.mark.parametrize(
    ("function", "spec", "reason"),
    [
        (np.tanh, im.spec("float64", [2]), "float64 is not among the types"),
        (np.sum, im.spec("int32", [2]), "do not wrap"),
        (np.matmul, im.spec("int32", [2, 2]), "no kernel for int32"),
        (np.floor_divide, im.spec("int32", [2]), "may be 0 or -1"),
        (np.add, im.spec("float32", [1] * 9), "9 axes"),
        (np.add, im.spec("float32", [0, 2]), "an array is empty"),
        (np.less, im.spec("bool", [2]), "no kernel for bool"),
    ],
    ids=str,
)
def test_refusals_say_why(function: Any, spec: Any, reason: str) -> None:
    arrays = len(function.array_names)
    traced = im.trace(function, (spec,) * arrays).graph
    said = capability.refuses(traced.nodes()[0], Options())
    assert said is not None
    assert reason in said


def test_uneven_padding_that_is_not_counted_is_the_hosts() -> None:
    x = numpy.random.default_rng(0).standard_normal((1, 2, 5, 5), numpy.float32)

    def pooled(x: Any) -> Any:
        around = ((1, 0), (0, 1))
        return npx.average_pool(x, window=3, padding=around, count_padding=False)

    program = on_gpu(pooled, im.spec("float32", x.shape))
    assert "takes it for even" in program.explain()
    assert_same(program(x), pooled(x))
