"""Gradients equal central differences, on NumPy in float64 and compiled on the backends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy
import pytest
from operator_samples import SAMPLES, WITHOUT_GRADIENT
from sample_arrays import Sample

from isthmus import np, npx
from isthmus.errors import UsageError
from isthmus.graph.nodes import Graph
from isthmus.graph.tree import map_leaves
from isthmus.program.compiling import compile
from isthmus.rewrite.gradient import (
    grad,
    gradient_graph,
    unbroadcast,
    value_and_grad,
)
from isthmus.trace.op import OPERATORS, Op, primitive
from isthmus.trace.tracing import spec, trace

ZERO_GRADIENT = {op for op in OPERATORS.values() if op.zero_gradient}
STEP = 1e-6
# Truncation is of order STEP**2, rounding of order 1e-16 / STEP, both times the second derivative.
RTOL, ATOL = 1e-5, 1e-7

f64 = numpy.random.default_rng(7).standard_normal
CORNERS: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = {
    "padding wider than the window": (
        lambda x, w: npx.convolution(x, w, padding=((1, 2), (2, 1)), strides=2),
        (f64((1, 2, 5, 4)), f64((3, 2, 1, 2))),
    ),
    "stride wider than the window": (
        lambda x, w: npx.convolution(x, w, strides=3, groups=2),
        (f64((2, 4, 7, 6)), f64((2, 2, 2, 1))),
    ),
    "stride and dilation": (
        lambda x, w: npx.convolution(x, w, strides=(2, 3), dilation=(3, 2), padding=(2, 1)),
        (f64((1, 2, 9, 8)), f64((2, 2, 2, 3))),
    ),
    "windows that overlap": (
        lambda x: npx.max_pool(x, window=3, strides=1, padding=((1, 0), (0, 1))),
        (f64((2, 3, 5, 4)),),
    ),
    "pixels no window sees": (lambda x: npx.average_pool(x, window=2), (f64((1, 2, 5, 7)),)),
    "a slice backwards": (lambda x: x[::-2, 3:0:-1], (f64((5, 4)),)),
    "a slice with steps": (lambda x: x[1:6:2, ..., None, -2], (f64((7, 2, 3)),)),
    "a slice of nothing": (lambda x: x[2:2] * 3, (f64((5, 4)),)),
    "one element taken twice": (
        lambda x: np.take(x, numpy.array([[0, -1], [2, 0]]), axis=1),
        (f64((2, 3, 2)),),
    ),
    "no zero in a product": (lambda x: np.prod(x, axis=0), (f64((3, 2)),)),
    "zeros in a product": (
        lambda x: np.prod(x, axis=1),
        (numpy.array([[0.0, 2, 3], [0, 0, 3], [4, 5, 6]]),),
    ),
    "an argument used twice": (lambda x: x * np.exp(x) + x, (f64(4),)),
    "a row that is repeated": (lambda x, y: np.where(y > 0, x, y), (f64((1, 3)), f64((2, 4, 3)))),
    "an assignment": (lambda x, y: assigned(x, y), (f64((3, 4)), f64(2))),
    "parts that are put together": (
        lambda x: np.stack(np.split(x, 2, axis=1), axis=0) ** 2,
        (f64((3, 4)),),
    ),
    "a path without gradient": (lambda x: x * np.sign(x) + np.floor(x), (f64(5),)),
    "an int between floats": (lambda x: x * x.astype("int32"), (f64(5) * 3,)),
    "powers at zero": (lambda x: x**2.0 + x**0.0, (numpy.array([0.0, 1, -2]),)),
}


def assigned(x: Any, y: Any) -> Any:
    x = x + 0
    x[1, 1:3] = y
    return x * x


def weighted(op: Op[..., Any], sample: Sample) -> Callable[..., Any]:
    """A function of the floating operands alone that weighs every element of what is floating."""

    def function(*floats: Any) -> Any:
        outcome = call(op, merged(sample.operands, floats), sample.attributes)
        sums = [np.sum(y * weights(y)) for y in each(outcome) if is_float(y)]
        return sums[0] if len(sums) == 1 else np.sum(np.stack(sums))

    return function


def weights(y: Any) -> Any:
    """Another number for each place of y."""
    return np.reshape(np.sin(np.arange(1, 1 + y.size)), y.shape)


def each(outcome: Any) -> tuple[Any, ...]:
    """The results of an operator, be it one or several."""
    return outcome if isinstance(outcome, tuple) else (outcome,)


def call(op: Op[..., Any], operands: list[Any], attributes: dict[str, Any]) -> Any:
    return op(operands, **attributes) if op.variadic else op(*operands, **attributes)


def is_float(operand: Any) -> bool:
    return getattr(operand, "dtype", numpy.dtype(bool)).kind == "f"


def merged(operands: tuple[Any, ...], floats: tuple[Any, ...]) -> list[Any]:
    """The operands with the floating ones replaced."""
    source: Iterator[Any] = iter(floats)
    return [next(source) if is_float(operand) else operand for operand in operands]


def differences(function: Callable[..., Any], floats: list[Any], position: int) -> Any:
    """(f(x + h) - f(x - h)) / 2h for every element of one operand."""
    result = numpy.zeros_like(floats[position])
    for index in numpy.ndindex(result.shape):
        sides = []
        for step in (STEP, -STEP):
            moved = [x.copy() for x in floats]
            moved[position][index] += step
            sides.append(function(*moved))
        result[index] = (sides[0] - sides[1]) / (2 * STEP)
    return result


def is_smooth(op: Op[..., Any], sample: Sample) -> bool:
    """Whether floats are made of floats; of bodies of their own type `test_control_flow` asks."""
    if any(isinstance(value, Graph) for value in sample.attributes.values()):
        return False
    if not any(map(is_float, sample.operands)):
        return False
    with numpy.errstate(all="ignore"):
        outcome = call(op, list(sample.operands), sample.attributes)
    return any(is_float(numpy.asarray(y)) for y in each(outcome))


SMOOTH = {op: [s for s in samples if is_smooth(op, s)] for op, samples in SAMPLES.items()}
# The gradient is of what it rounds, whose differences are steps.
STEPPED = {OPERATORS["npx.quantized_lstm"]}
DIFFERENTIABLE = [
    op
    for op in SAMPLES
    if SMOOTH[op] and op not in ZERO_GRADIENT and op not in WITHOUT_GRADIENT and op not in STEPPED
]


def weighed(function: Callable[..., Any], floats: tuple[Any, ...]) -> Callable[..., Any]:
    """A number in which every element of the function's result has a weight of its own."""
    weights = numpy.random.default_rng(2).standard_normal(numpy.shape(function(*floats)))
    return lambda *given: np.sum(function(*given) * weights)


def check(function: Callable[..., Any], floats: list[Any]) -> None:
    """Gradient equals difference, and has the type of what it is the gradient by."""
    gradients = grad(function, wrt=tuple(range(len(floats))))(*floats)
    for position, gradient in enumerate(gradients):
        assert (gradient.shape, gradient.dtype) == (floats[position].shape, numpy.float64)
        wanted = differences(function, floats, position)
        numpy.testing.assert_allclose(gradient, wanted, rtol=RTOL, atol=ATOL)


@pytest.mark.parametrize("op", DIFFERENTIABLE, ids=str)
def test_gradient_equals_differences(op: Op[..., Any]) -> None:
    for sample in SMOOTH[op]:
        floats = [numpy.array(x, numpy.float64) for x in sample.operands if is_float(x)]
        check(weighted(op, sample), floats)


@pytest.mark.parametrize("name", CORNERS)
def test_corners(name: str) -> None:
    function, floats = CORNERS[name]
    check(weighed(function, floats), list(floats))


@pytest.mark.parametrize("op", SAMPLES, ids=str)
def test_every_primitive_states_its_gradient(op: Op[..., Any]) -> None:
    assert op.is_composite or (op.vjp is not None) == (op in DIFFERENTIABLE)


@pytest.mark.parametrize("op", WITHOUT_GRADIENT, ids=str)
def test_what_has_no_gradient_says_so(op: Op[..., Any]) -> None:
    assert SMOOTH[op] and len(WITHOUT_GRADIENT[op].split()) > 3
    for sample in SMOOTH[op]:
        floats = [numpy.array(x, numpy.float64) for x in sample.operands if is_float(x)]
        with pytest.raises(UsageError, match="is not differentiable"):
            grad(weighted(op, sample), wrt=tuple(range(len(floats))))(*floats)


@pytest.mark.parametrize("op", sorted(ZERO_GRADIENT, key=str), ids=str)
def test_steps_have_a_gradient_of_zero(op: Op[..., Any]) -> None:
    sample = SMOOTH[op][0]
    floats = [x for x in sample.operands if is_float(x)]
    for gradient in grad(weighted(op, sample), wrt=tuple(range(len(floats))))(*floats):
        assert not gradient.any()


def test_ties_share_the_gradient() -> None:
    x = numpy.array([1.0, 3, 3])
    numpy.testing.assert_array_equal(grad(np.max)(x), [0, 0.5, 0.5])
    pooled = grad(lambda x: np.sum(npx.max_pool(x, window=2)))(numpy.ones((1, 1, 2, 2)))
    numpy.testing.assert_array_equal(pooled, numpy.full((1, 1, 2, 2), 0.25))
    left, right = grad(lambda a, b: np.sum(np.maximum(a, b)), wrt=(0, 1))(x, x)
    numpy.testing.assert_array_equal([left, right], [[1, 1, 1], [0, 0, 0]])


def test_an_infinite_gradient_stays_off_the_other_branch() -> None:
    x = numpy.array([0.0, 4.0])
    slope = grad(lambda x: np.sum(np.where(x > 0, x, np.sqrt(np.maximum(x, 1)))))(x)
    numpy.testing.assert_array_equal(slope, [0, 1])


# Networks


PARAMETERS = {
    "convolution": (4, 3, 3, 3), "scale": (4,), "shift": (4,), "gamma": (16,), "beta": (16,),
    "dense": (5, 16), "bias": (5,),
}  # fmt: skip


def loss(parameters: Any, images: Any, labels: Any) -> Any:
    """The cross entropy of a small network of everything."""
    p = parameters
    x = npx.convolution(images, p["convolution"], strides=2, padding=1)
    x = npx.gelu(npx.batch_norm(x, p["scale"], p["shift"], x[0, :, 0, 0], p["scale"] ** 2 + 1))
    x = np.reshape(npx.max_pool(x, window=2), (x.shape[0], -1))
    x = npx.layer_norm(x, p["gamma"], p["beta"])
    scores = npx.fully_connected(x, p["dense"], p["bias"])
    return -np.mean(np.sum(npx.log_softmax(scores) * labels, axis=-1))


def example(dtype: Any) -> tuple[Any, ...]:
    """Parameters, images and labels of the network."""
    random = numpy.random.default_rng(4)
    parameters = {n: random.standard_normal(s).astype(dtype) for n, s in PARAMETERS.items()}
    labels = numpy.eye(5, dtype=dtype)[[1, 4]]
    return parameters, random.standard_normal((2, 3, 8, 8)).astype(dtype), labels


def test_network_in_float64() -> None:
    parameters, images, labels = example(numpy.float64)
    found, of_images = grad(loss, wrt=(0, 1))(parameters, images, labels)
    arrays = [*parameters.values(), images]

    def flat(*given: Any) -> Any:
        return loss(dict(zip(parameters, given, strict=False)), given[-1], labels)

    for position, gradient in enumerate([*found.values(), of_images]):
        wanted = differences(flat, arrays, position)
        numpy.testing.assert_allclose(gradient, wanted, rtol=RTOL, atol=ATOL)


def check_network(program: Any, arguments: tuple[Any, ...]) -> None:
    """Value and gradients of a compiled network equal those of its NumPy bodies."""
    value, gradients = program(*arguments)
    wanted, wanted_gradients = value_and_grad(loss)(*arguments)
    numpy.testing.assert_allclose(value, wanted, rtol=1e-5)
    assert set(gradients) == set(PARAMETERS)
    for name, gradient in gradients.items():  # sums of a few hundred float32
        numpy.testing.assert_allclose(gradient, wanted_gradients[name], rtol=1e-4, atol=1e-5)


def test_network_compiled(device_backend: dict[str, Any]) -> None:
    arguments = example(numpy.float32)
    specs = map_leaves(lambda leaf: spec(leaf.dtype, leaf.shape), arguments)
    check_network(compile(value_and_grad(loss), specs, **device_backend), arguments)


def test_network_with_a_named_batch(device_backend: dict[str, Any]) -> None:
    arguments = example(numpy.float32)
    specs = (
        {name: spec("float32", shape) for name, shape in PARAMETERS.items()},
        spec("float32", ["n", 3, 8, 8]),
        spec("float32", ["n", 5]),
    )
    program = compile(value_and_grad(loss), specs, **device_backend)
    check_network(program, arguments)
    check_network(program, (arguments[0], arguments[1][:1], arguments[2][:1]))


@pytest.mark.parametrize("index", [(slice(1, None, 2),), (slice(None, None, -2),), (-1,), (None,)])
def test_slices_of_a_named_size(index: Any) -> None:
    slope = compile(
        grad(lambda x: np.sum(x[index] ** 2)), spec("float64", ["n", 2]), backend="numpy"
    )
    for n in (4, 5):
        x = f64((n, 2))
        wanted = numpy.zeros_like(x)
        wanted[index] = (2 * x)[index]
        numpy.testing.assert_allclose(slope(x), wanted)


def test_gradient_of_a_gradient() -> None:
    x = f64(4)
    twice = grad(lambda x: np.sum(grad(lambda x: np.sum(np.sin(x) * x))(x) ** 2))
    first = numpy.cos(x) * x + numpy.sin(x)
    second = 2 * numpy.cos(x) - numpy.sin(x) * x
    numpy.testing.assert_allclose(twice(x), 2 * first * second)


def test_a_long_chain() -> None:
    def function(x: Any) -> Any:
        for _ in range(5000):
            x = x * 0.999
        return np.sum(x)

    numpy.testing.assert_allclose(grad(function)(numpy.ones(2)), 0.999**5000)


# The interface


def test_value_and_gradient_nest_as_the_argument() -> None:
    def function(parameters: Any, scale: Any) -> Any:
        return scale * np.sum(parameters["w"] * parameters["b"][0])

    nested = {"w": numpy.array([1.0, 2]), "b": [numpy.array(3.0)]}
    value, gradient = value_and_grad(function)(nested, numpy.array(2.0))
    assert value == 18
    numpy.testing.assert_array_equal(gradient["w"], [6, 6])
    assert gradient["b"][0] == 6


def test_an_argument_without_influence_has_zeros() -> None:
    found = grad(lambda x, y: np.sum(x), wrt=1)(numpy.ones(2), numpy.ones((2, 3), numpy.float32))
    assert found.shape == (2, 3) and found.dtype == numpy.float32 and not found.any()


def test_the_gradient_is_a_graph() -> None:
    graph = trace(lambda x, y: np.sum(np.tanh(x) * y), (spec("float32", [3]),) * 2).graph
    found = gradient_graph(graph, ["y"])
    found.verify()
    assert found.output_names == ("output", "y.gradient")
    assert found.outputs[1].type.same(graph.inputs[1].type)


def test_unbroadcast_sums_what_was_repeated() -> None:
    x = numpy.ones((2, 3, 4))
    assert unbroadcast(x, (3, 1)).tolist() == [[8], [8], [8]]  # type: ignore[arg-type]


def bare(x: Any, /) -> Any:
    """Identity, whose gradient nobody stated."""
    return numpy.asarray(x)


@pytest.fixture
def without_gradient() -> Iterator[Op[..., Any]]:
    op: Op[..., Any] = primitive(infer=lambda x: x)(bare)
    yield op
    del OPERATORS[op.name]


def test_no_gradient_is_named_with_its_reason(without_gradient: Op[..., Any]) -> None:
    with pytest.raises(UsageError, match=r"bare\(float64\[2\]\) at .*states no gradient; give one"):
        grad(lambda x: np.sum(without_gradient(x)))(numpy.ones(2))


@pytest.mark.parametrize(
    "function",
    [lambda x: np.real(np.fft.fft(x)), lambda x: np.abs(x * 1j), lambda x: np.imag(x * 1j)],
)
def test_complex_numbers_have_no_gradient(function: Any) -> None:
    with pytest.raises(UsageError, match=r"does not go through complex numbers|states no gradient"):
        grad(lambda x: np.sum(function(x)))(numpy.ones(3))


def test_what_does_not_matter_needs_no_gradient(without_gradient: Op[..., Any]) -> None:
    slope = grad(lambda x, y: np.sum(x * without_gradient(y)))(numpy.ones(2), numpy.arange(2.0))
    numpy.testing.assert_array_equal(slope, [0, 1])


@pytest.mark.parametrize(
    ("function", "arguments", "message"),
    [
        (lambda x: x * 2, (numpy.ones(3),), r"returns float64\[3\]; .* return np.sum"),
        (lambda x: np.sum(x), (numpy.ones(3, int),), r"returns int64\[\]"),
        (lambda x: np.sum(x * 1.0), (numpy.ones(3, int),), r"x: int64\[3\] has no gradient"),
        (lambda x: np.sum(x), ("text",), "'text' is no array"),
        (lambda x: (np.sum(x), np.sum(x)), (numpy.ones(3),), "one floating number"),
    ],
)
def test_wrong_use(function: Any, arguments: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        grad(function)(*arguments)
