"""Arrays as users have them: of any byte order, strides, alignment; changed later; of other sizes.

Every operator gives for them what it gives for plain arrays of the same numbers: called at once, in
a namespace, and compiled, with the array as an input and as a constant.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy
import pytest
from backends import BACKENDS, INSTALLED, each_backend
from hypothesis import given, settings
from hypothesis import strategies as st
from operator_samples import SAMPLES
from presentations import PRESENTATIONS
from sample_arrays import Sample

import isthmus as im
from isthmus.graph.nodes import Constant
from isthmus.trace.op import Op

RTOL = ATOL = 2e-5  # of the same program on the same numbers; runtimes add by alignment


def is_array(operand: Any) -> bool:
    return isinstance(operand, numpy.ndarray | numpy.generic)


def presented(sample: Sample, present: Callable[[Any], Any]) -> list[Any]:
    return [present(numpy.asarray(o)) if is_array(o) else o for o in sample.operands]


def apply(op: Op[..., Any], operands: list[Any], sample: Sample) -> tuple[Any, ...]:
    with numpy.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = (
            op(operands, **sample.attributes) if op.variadic else op(*operands, **sample.attributes)
        )
    return found if isinstance(found, tuple) else (found,)


def check(found: tuple[Any, ...], wanted: tuple[Any, ...]) -> None:
    for ours, plain in zip(found, wanted, strict=True):
        ours, plain = numpy.asarray(ours), numpy.asarray(plain)
        assert ours.dtype.newbyteorder("=") == plain.dtype and ours.shape == plain.shape
        rounded = plain.dtype.kind in "fc"
        numpy.testing.assert_allclose(ours, plain, rtol=RTOL * rounded, atol=ATOL * rounded)


each_operator = pytest.mark.parametrize("op", SAMPLES, ids=str)
drawn = settings(max_examples=4, deadline=None, derandomize=True)
presentations = st.sampled_from(list(PRESENTATIONS))
backends = st.sampled_from(INSTALLED)


@each_operator
def test_called_at_once(op: Op[..., Any]) -> None:
    for sample in SAMPLES[op]:
        wanted = apply(op, presented(sample, numpy.copy), sample)
        for present in PRESENTATIONS.values():
            check(apply(op, presented(sample, present), sample), wanted)


@each_operator
def test_in_a_namespace(op: Op[..., Any]) -> None:
    @drawn
    @given(st.sampled_from(SAMPLES[op]), presentations, backends)
    def holds(sample: Sample, name: str, backend: str) -> None:
        xp = namespace(backend)
        held = presented(sample, lambda x: xp.asarray(PRESENTATIONS[name](x)))
        check(apply(op, held, sample), apply(op, presented(sample, numpy.copy), sample))

    holds()


def namespace(backend: str) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return im.namespace(backend, device=BACKENDS[backend].get("device"))


@each_operator
def test_compiled(op: Op[..., Any]) -> None:
    """One operand is an input, the others are constants of the program."""

    @drawn
    @given(st.sampled_from(SAMPLES[op]), presentations, backends, st.data())
    def holds(sample: Sample, name: str, backend: str, data: Any) -> None:
        operands = presented(sample, PRESENTATIONS[name])
        places = [i for i, operand in enumerate(operands) if is_array(operand)]
        if not places:
            return
        place = data.draw(st.sampled_from(places))
        given_array = operands[place]

        def function(x: Any) -> Any:
            return apply(op, [*operands[:place], x, *operands[place + 1 :]], sample)

        native = given_array.dtype.newbyteorder("=")
        run = im.compile(function, im.spec(native, given_array.shape), **BACKENDS[backend])
        check(run(given_array), apply(op, presented(sample, numpy.copy), sample))

    holds()


@each_backend
def test_a_constant_is_what_it_was(backend: str) -> None:
    """Of every operator at once: changing an array after compiling changes no result."""
    weight = numpy.arange(12, dtype=numpy.float32).reshape(3, 4)
    bias, scale, positions = weight[0] + 1, weight[:, :1] * 2, numpy.array([2, 0])
    kept = [array.copy() for array in (weight, bias, scale, positions)]

    def function(x: Any, w: Any, b: Any, s: Any, p: Any) -> Any:
        return im.np.take((x @ w.T) * s.T + b[:3], p, axis=1) - w[0, 0]

    x = numpy.ones((2, 4), numpy.float32)
    run = im.compile(
        lambda x: function(x, weight, bias, scale, positions),
        im.spec("float32", ["n", 4]),
        **BACKENDS[backend],
    )
    for array in (weight, bias, scale, positions):
        if array.flags.writeable:
            array[...] = 1
    numpy.testing.assert_allclose(run(x), function(x, *kept), rtol=1e-6)


@each_backend
def test_one_program_called_with_other_sizes(backend: str) -> None:
    """Of as many sizes as a user has, to and fro, with results that stay."""

    def function(x: Any) -> Any:
        return im.np.sort(im.npx.softmax(x @ x.T, axis=0), axis=1), im.np.mean(x, axis=0)

    run = im.compile(function, im.spec("float32", ["n", "m"]), **BACKENDS[backend])
    random = numpy.random.default_rng(0)
    shapes = [(3, 2), (1, 1), (40, 7), (3, 2), (7, 40), (1, 300), (40, 7), (3, 2)]
    arrays = [random.normal(size=shape).astype(numpy.float32) for shape in shapes]
    results = [run(x) for x in arrays]
    for x, found in zip(arrays, results, strict=True):
        check(found, function(x))


def test_constants_are_native() -> None:
    foreign = numpy.arange(3, dtype=">f4")
    graph = im.trace(lambda x: x + foreign, im.spec("float32", [3])).graph
    (node,) = graph.nodes()
    constant = node.operands[1]
    assert isinstance(constant, Constant) and constant.array.dtype.isnative
