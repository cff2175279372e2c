"""The operator scheme polices itself: every operator has a sample, a type, rows, and one meaning.

The NumPy body of an operator is the oracle; a backend must equal it whether it runs a
composite as one operation of the runtime (fused) or as what it is made of (expanded).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from importlib import import_module
from typing import Any

import numpy
import pytest
from kernel_libraries import built
from kernel_samples import KERNEL_SAMPLES
from operator_samples import SAMPLES
from sample_arrays import Sample

from isthmus import np, npx
from isthmus.graph.dims import Dim, plain_name
from isthmus.graph.infer import Elementwise
from isthmus.graph.nodes import Node, Type
from isthmus.graph.passes import expand
from isthmus.graph.shapes import evaluate
from isthmus.graph.size_text import parse
from isthmus.program.backend import find_backend
from isthmus.program.compiling import compile
from isthmus.program.executable import Executable
from isthmus.program.options import Options, checked_options
from isthmus.trace.op import OPERATORS, Op
from isthmus.trace.tracing import spec, trace

# Ours, and one of another package that states kernels: libraries that are built here.
EVERY = {**SAMPLES, **KERNEL_SAMPLES}
OURS = {name: op for name, op in OPERATORS.items() if name.startswith(("np.", "npx."))}

# float32 sums of some hundred terms; exp, log and erf within some units in the last place.
RTOL, ATOL = 1e-5, 1e-5

# The sizes of creation functions, which record a node for named ones only.
NAMED: Mapping[str, Any] = {"stop": parse("n"), "shape": (parse("n"),)}

SPECIAL = numpy.array(
    [0.0, -0.0, 1, -1, 2.5, -2.5, 0.5, 1e-8, 1e-40, -1e-40, 3e38, -3e38, 88, -88, 110, -110,
     numpy.inf, -numpy.inf, numpy.nan],
    numpy.float32,
)  # fmt: skip
INT32 = numpy.iinfo(numpy.int32)
EXTREME = numpy.array([0, 1, -1, 2, -2, 7, -7, 65536, INT32.max, INT32.min], numpy.int32)


# One call of an operator as a function of its arrays


def is_array(operand: Any) -> bool:
    return isinstance(operand, numpy.ndarray | numpy.generic)


def call(op: Op[..., Any], sample: Sample, arrays: tuple[Any, ...]) -> Any:
    """The operator with the sample's arrays replaced; scalars and None stay."""
    source: Iterator[Any] = iter(arrays)
    operands = [next(source) if is_array(operand) else operand for operand in sample.operands]
    return op(operands, **sample.attributes) if op.variadic else op(*operands, **sample.attributes)


def arrays_of(sample: Sample) -> tuple[Any, ...]:
    return tuple(numpy.asarray(operand) for operand in sample.operands if is_array(operand))


def body(op: Op[..., Any], sample: Sample) -> Any:
    """The oracle: the operator on NumPy's arrays; a tuple where it has several results."""
    with numpy.errstate(all="ignore"):
        return as_arrays(call(op, sample, arrays_of(sample)))


def as_arrays(outcome: Any) -> Any:
    if isinstance(outcome, tuple):
        return tuple(map(numpy.asarray, outcome))
    return numpy.asarray(outcome)


def each(outcome: Any) -> tuple[Any, ...]:
    """The results of an operator, be it one or several."""
    return outcome if isinstance(outcome, tuple) else (outcome,)


def static_specs(sample: Sample) -> tuple[Type, ...]:
    return tuple(spec(array.dtype, array.shape) for array in arrays_of(sample))


def named(sample: Sample) -> tuple[Sample, tuple[Type, ...]] | None:
    """The sample and its types with the first operand's leading size called `n`.

    So are the axes of other operands and the sizes of a shape attribute that meet it.
    """
    arrays = arrays_of(sample)
    if sample.fixed or not arrays or not arrays[0].ndim or arrays[0].shape[0] == 1:
        return None
    size, position = arrays[0].shape[0], -arrays[0].ndim
    shapes = [list(array.shape) for array in arrays]
    for shape in shapes:
        if len(shape) >= -position and shape[position] == size:
            shape[position] = parse("n")
    types = tuple(spec(a.dtype, shape) for a, shape in zip(arrays, shapes, strict=True))
    return sample._replace(attributes=_renamed(sample.attributes, size)), types


def _renamed(attributes: Mapping[str, Any], size: int) -> dict[str, Any]:
    shape = attributes.get("shape")
    if not isinstance(shape, tuple) or size not in shape:
        return dict(attributes)
    shape = list(shape)
    shape[shape.index(size)] = parse("n")
    return {**attributes, "shape": tuple(shape)}


def program(
    op: Op[..., Any], sample: Sample, types: Any, options: Mapping[str, Any], expanded: bool
) -> Executable:
    """The call compiled; expanded: made of primitives before the backend sees it."""
    traced = trace(lambda *arrays: call(op, sample, arrays), types)
    if expanded:
        traced = replace(traced, graph=expand(traced.graph, keep=lambda node: False))
    chosen = checked_options("f32", None, "numpy", "allow", options.get("device"))
    return Executable(traced, options["backend"], chosen, "allow")


def check_equal(found: Any, wanted: Any, atol: float = ATOL) -> None:
    """Every result has the same dtype, shape and numbers; only floats may be rounded otherwise."""
    assert isinstance(found, tuple) == isinstance(wanted, tuple)
    for one, other in zip(each(found), each(wanted), strict=True):
        assert one.dtype == other.dtype and one.shape == other.shape
        rounded = other.dtype.kind in "fc"
        numpy.testing.assert_allclose(one, other, rtol=RTOL * rounded, atol=atol * rounded)


# The tables are complete

LOWERINGS = {"cpu": "isthmus.cpu_backend.lowering", "gpu": "isthmus.onnx.write.lowering"}


def test_every_operator_has_samples() -> None:
    assert set(OURS.values()) == set(SAMPLES)


def tables(name: str) -> tuple[Mapping[Op[..., Any], Any], Mapping[Op[..., Any], str]]:
    """The rows of a backend, and the reasons of what it leaves to the host."""
    lowering = import_module(LOWERINGS[name])
    stated = {op: op.host_only for op in OURS.values() if op.host_only is not None}
    return lowering.LOWERING, {**stated, **lowering.HOST_ONLY}


def test_every_primitive_is_lowered_or_has_a_reason(device_backend: dict[str, Any]) -> None:
    lowering, host_only = tables(device_backend["backend"])
    primitives = {op for op in OURS.values() if not op.is_composite}
    assert primitives <= set(lowering) | set(host_only)
    assert not set(lowering) & set(host_only)
    assert all(len(reason.split()) > 3 for reason in host_only.values())


def test_no_row_is_for_nothing(device_backend: dict[str, Any]) -> None:
    """A row that no sample reaches is not tested; a fused row that never fuses is none."""
    backend = find_backend(device_backend["backend"])
    options = Options(device=device_backend.get("device"))
    for op in tables(device_backend["backend"])[0]:
        nodes = [node for sample in SAMPLES[op] for node in recorded(op, sample)]
        assert any(backend.refuses(node, options) is None for node in nodes), op
        assert not op.is_composite or any(backend.fuses(node, options) for node in nodes), op


def recorded(op: Op[..., Any], sample: Sample) -> list[Node]:
    """The node of a call whose arrays are all inputs, and of one that has parameters."""
    arrays, types = arrays_of(sample), static_specs(sample)
    if not arrays:
        named_sizes = {name: NAMED[name] for name in NAMED if name in sample.attributes}
        attributes = {**sample.attributes, **named_sizes}
        return trace(lambda _: op(**attributes), spec("float32", ["n"])).graph.nodes()
    whole = trace(lambda *given: call(op, sample, given), types).graph
    partly = trace(lambda first: call(op, sample, (first, *arrays[1:])), types[0]).graph
    return [node for graph in (whole, partly) for node in graph.nodes() if node.op is op]


# One meaning


@pytest.mark.parametrize("op", EVERY, ids=str)
def test_inferred_type_is_the_bodys(op: Op[..., Any]) -> None:
    for sample in EVERY[op]:
        check_types(trace_of(op, sample, static_specs(sample)), body(op, sample), {})


@pytest.mark.parametrize("op", EVERY, ids=str)
def test_inferred_type_of_named_sizes_is_the_bodys(op: Op[..., Any]) -> None:
    for sample, types in named_samples(op):
        original = arrays_of(sample)[0].shape[0]
        wanted = body(op, with_size(sample, original))
        check_types(trace_of(op, sample, types), wanted, {"n": original})


def check_types(types: list[Type], wanted: Any, sizes: Mapping[str, int]) -> None:
    """The types are those of the arrays, for the given sizes and those the arrays show."""
    known = dict(sizes)
    for found, array in zip(types, each(wanted), strict=True):
        assert (found.dtype, found.ndim) == (array.dtype, array.ndim)
        for size, number in zip(found.shape, array.shape, strict=True):
            if name := plain_name(size):
                known.setdefault(name, number)
            if decided(size, known):
                assert evaluate(size, known) == number


def decided(size: int | Dim, known: Mapping[str, int]) -> bool:
    """Whether a size is known; one that values decide may be shown by no result as it is."""
    unknown = size.names() - set(known) if isinstance(size, Dim) else set()
    assert all("__" in name for name in unknown)
    return not unknown


def with_size(sample: Sample, n: int) -> Sample:
    shape = sample.attributes.get("shape")
    if not isinstance(shape, tuple):
        return sample
    known = tuple(s.evaluate({"n": n}) if isinstance(s, Dim) else s for s in shape)
    return sample._replace(attributes={**sample.attributes, "shape": known})


def trace_of(op: Op[..., Any], sample: Sample, types: Any) -> list[Type]:
    graph = traced_call(op, sample, types)
    graph.verify()
    return [value.type for value in graph.outputs]


def traced_call(op: Op[..., Any], sample: Sample, types: Any) -> Any:
    if types:
        return trace(lambda *arrays: call(op, sample, arrays), types).graph
    return trace(lambda _: call(op, sample, ()), spec("float32")).graph


def named_samples(op: Op[..., Any]) -> list[tuple[Sample, tuple[Type, ...]]]:
    found = [named(sample) for sample in EVERY[op]]
    return [pair for pair in found if pair is not None]


# The samples that each form runs.
FORMS = {"fused": slice(2), "others": slice(2, None), "expanded": slice(None)}
FORMED = [
    pytest.param(op, form, id=f"{op}-{form}")
    for op, samples in EVERY.items()
    for form, part in FORMS.items()
    if samples[part]
]


def build_kernels(op: Op[..., Any], device_backend: dict[str, Any]) -> None:
    """What an operator states a kernel of, without which its body would be compared with itself."""
    if device_backend["backend"] in op.kernels:
        built(device_backend["backend"])


@pytest.mark.parametrize(("op", "form"), FORMED)
def test_backend_equals_body(op: Op[..., Any], form: str, device_backend: dict[str, Any]) -> None:
    build_kernels(op, device_backend)
    for sample in EVERY[op][FORMS[form]]:
        arrays = arrays_of(sample)
        if arrays:
            run = program(op, sample, static_specs(sample), device_backend, form == "expanded")
            check_equal(run(*arrays), body(op, sample))


@pytest.mark.parametrize("op", EVERY, ids=str)
def test_backend_equals_body_for_named_sizes(
    op: Op[..., Any], device_backend: dict[str, Any]
) -> None:
    build_kernels(op, device_backend)
    for sample, types in named_samples(op):
        run = program(op, sample, types, device_backend, expanded=False)
        arrays = arrays_of(sample)
        check_equal(run(*arrays), body(op, with_size(sample, arrays[0].shape[0])))


@pytest.mark.parametrize("op", EVERY, ids=str)
def test_interpreter_equals_body(op: Op[..., Any]) -> None:
    for sample in EVERY[op]:
        arrays = arrays_of(sample)
        if arrays:
            run = program(op, sample, static_specs(sample), {"backend": "numpy"}, expanded=True)
            pairs = zip(each(run(*arrays)), each(body(op, sample)), strict=True)
            for found, wanted in pairs:
                numpy.testing.assert_array_equal(found, wanted, strict=True)


# Sizes that are made, not given


def test_arange_and_full_of_a_named_size(device_backend: dict[str, Any]) -> None:
    def function(x: Any) -> Any:
        n = x.shape[0]
        filled = np.full((2, n), 1.5, "float32")
        return np.arange(n, dtype="int32"), np.arange(1, n + 2), filled, np.multiply(0.5, n)

    run = compile(function, spec("float32", ["n"]), **device_backend)
    for n in (1, 5):
        wanted = (
            numpy.arange(n, dtype="int32"), numpy.arange(1, n + 2),
            numpy.full((2, n), 1.5, "float32"), numpy.asarray(0.5 * n),
        )  # fmt: skip
        for found, expected in zip(run(numpy.zeros(n, numpy.float32)), wanted, strict=True):
            assert found.dtype == expected.dtype
            numpy.testing.assert_array_equal(found, expected)


# Special values

ELEMENTWISE = [
    op for op in OURS.values() if op.name.startswith("np.") and isinstance(op.infer, Elementwise)
]
TRUTH = numpy.array([False, True])

# Runtimes may write 0 for a result that is subnormal; NumPy keeps it.
TINY = float(numpy.finfo(numpy.float32).smallest_normal)


def combinations(values: Any, count: int) -> tuple[Any, ...]:
    """Every combination of values, an array an operand."""
    rows = itertools.product(values, repeat=count)
    return tuple(numpy.array(column, values.dtype) for column in zip(*rows, strict=True))


def special_calls(values: Any) -> Iterator[tuple[str, Any, tuple[Any, ...]]]:
    """Name, function and operands of every elementwise function of np."""
    for op in ELEMENTWISE:
        yield op.name, op, combinations(values, len(op.array_names))
    yield "np.clip", lambda x: np.clip(x, -1, 2), (values,)
    yield "np.clip-min", lambda x: np.clip(x, min=1), (values,)
    yield "np.square", np.square, (values,)
    yield "np.where", lambda x, y: np.where(x > y, x, y), combinations(values, 2)


CALLS = [
    pytest.param(function, operands, id=f"{name}-{values.dtype}")
    for values in (SPECIAL, EXTREME, TRUTH)
    for name, function, operands in special_calls(values)
]


@pytest.mark.parametrize(("function", "operands"), CALLS)
def test_special_values(
    function: Any, operands: tuple[Any, ...], device_backend: dict[str, Any]
) -> None:
    types = tuple(spec(x.dtype, x.shape) for x in operands)
    try:
        with numpy.errstate(all="ignore"):
            wanted = as_arrays(function(*operands))
    except (TypeError, ValueError):  # -True, True - True, 2**-1: refused by NumPy, so by us
        with pytest.raises((TypeError, ValueError)):
            compile(function, types, **device_backend)(*operands)
        return
    found = compile(function, types, **device_backend)(*operands)
    check_equal(found, wanted, atol=TINY)


def test_powers_of_ints(device_backend: dict[str, Any]) -> None:
    bases, exponents = combinations(EXTREME, 2)
    exponents = numpy.abs(exponents) % 64
    types = (spec("int32", bases.shape),) * 2
    found = compile(np.pow, types, **device_backend)(bases, exponents)
    numpy.testing.assert_array_equal(found, numpy.power(bases, exponents))


# Nothing, and one number

EMPTY = numpy.zeros((0, 3), numpy.float32)
CUTS: dict[str, Callable[[Any], Any]] = {
    "elementwise": lambda x: np.tanh(x) + 1,
    "sum": lambda x: np.sum(x, axis=0),
    "sum of all": np.sum,
    "prod": lambda x: np.prod(x, axis=0),
    "all": lambda x: np.all(x > 0, axis=0),
    "matmul": lambda x: np.matmul(x, np.ones((3, 2), "float32")),
    "inner": lambda x: np.matmul(np.permute_dims(x), x),
    "concat": lambda x: np.concat([x, x, np.ones((1, 3), "float32")]),
    "reshape": lambda x: np.reshape(x, (3, -1)),
    "getitem": lambda x: x[:, 1],
    "take": lambda x: np.take(x, numpy.array([0, 2]), axis=1),
    "softmax": lambda x: npx.softmax(x, axis=1),
}


@pytest.mark.parametrize("size", [0, "n"], ids=["static", "named"])
@pytest.mark.parametrize("name", CUTS)
def test_empty_arrays(name: str, size: int | str, device_backend: dict[str, Any]) -> None:
    if name == "reshape" and size == "n":
        pytest.skip("3 * n elements are named, so that -1 is n, which the static case has")
    run = compile(CUTS[name], spec("float32", [size, 3]), **device_backend)
    check_equal(run(EMPTY), numpy.asarray(CUTS[name](EMPTY)))


@pytest.mark.parametrize("op", [np.max, np.min, np.argmax, np.argmin], ids=str)
@pytest.mark.parametrize("size", [0, "n"], ids=["static", "named"])
def test_extremes_of_nothing_are_refused(
    op: Op[..., Any], size: int | str, device_backend: dict[str, Any]
) -> None:
    with pytest.raises(ValueError):
        compile(lambda x: op(x, axis=0), spec("float32", [size, 3]), **device_backend)(EMPTY)


POINTS: dict[str, Callable[[Any], Any]] = {
    "elementwise": lambda x: np.tanh(x) * 2 + x,
    "sum": np.sum,
    "mean": lambda x: np.mean(x, axis=()),
    "max": np.max,
    "reshape": lambda x: np.reshape(x, (1, 1)),
    "reshape back": lambda x: np.reshape(np.reshape(x, (1,)), ()),
    "broadcast": lambda x: np.broadcast_to(x, (2, 3)),
    "expand": lambda x: np.expand_dims(x, axis=0),
    "where": lambda x: np.where(x > 0, x, 0),
    "getitem": lambda x: x[None, ...],
    "astype": lambda x: x.astype("int32"),
}


@pytest.mark.parametrize("name", POINTS)
def test_0d_arrays(name: str, device_backend: dict[str, Any]) -> None:
    point = numpy.array(2.5, numpy.float32)
    check_equal(
        compile(POINTS[name], spec("float32"), **device_backend)(point),
        numpy.asarray(POINTS[name](point)),
    )
