"""Every operator, on every namespace and compiled in every form, equals its NumPy body.

Arrays come from hypothesis' Array API strategies: special values, all dtypes, empty and 0-d arrays.
Where NumPy raises, so must we. A draw is small and the number of draws is bounded, to fit CI.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import numpy
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.array_api import make_strategies_namespace
from operator_samples import SAMPLES
from sample_arrays import Sample

import isthmus
from isthmus.graph.infer import Elementwise
from isthmus.graph.passes import expand
from isthmus.np.manipulation import free_of_arithmetic
from isthmus.program.executable import Executable
from isthmus.program.options import checked_options
from isthmus.trace.op import Op
from isthmus.trace.tracing import spec, trace

NAMESPACES = {
    "numpy": {"backend": "numpy"},
    "cpu": {"backend": "cpu"},
    "gpu": {"backend": "gpu", "device": "cpu"},
}
KINDS = {
    "b": ["bool"],
    "i": ["int8", "int16", "int32", "int64"],
    "u": ["uint8", "uint16", "uint32", "uint64"],
    "f": ["float32", "float64"],
    "c": ["complex64", "complex128"],
}
# What runtimes compute in float32 is within some units in the last place; NumPy's own is equal.
MOVING = {
    op for op in SAMPLES if op.operations is free_of_arithmetic
}  # elements go through unchanged
RTOL = {"float32": 2e-5, "complex64": 2e-5}
TINY = float(numpy.finfo(numpy.float32).smallest_normal)

DRAWS = settings(
    max_examples=8,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def namespace(name: str) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return isthmus.namespace(name, device=NAMESPACES[name].get("device"))


@cache
def strategies(xp: Any) -> Any:
    return make_strategies_namespace(xp, api_version="2024.12")


def special(dtype: str) -> st.SearchStrategy[Any]:
    """The numbers at which implementations differ."""
    known = numpy.dtype(dtype)
    if known.kind == "b":
        return st.booleans()
    if known.kind in "iu":
        limits = numpy.iinfo(known)
        return st.sampled_from(
            [0, 1, 2, 3, 7, int(limits.max), int(limits.min), int(limits.max) - 1]
        )
    parts = [0.0, -0.0, 1.0, -1.0, 0.5, -2.5, 3.0, 88.0, float("inf"), float("-inf"), float("nan")]
    limits_f = numpy.finfo(known)
    parts += [float(limits_f.tiny), float(limits_f.tiny) / 4, float(limits_f.max) / 4]
    real = st.sampled_from(parts)
    return real if known.kind == "f" else st.builds(complex, real, real)


def tame(dtype: str) -> st.SearchStrategy[Any]:
    """Numbers on which the operators of npx are NumPy's (docs/numerics.md), and LAPACK returns."""
    if numpy.dtype(dtype).kind == "f":
        return st.sampled_from([0.0, 1.0, -1.0, 0.5, -2.5, 3.0, 7.0, -8.0, 0.125])
    return special(dtype)


def summed(dtype: str) -> st.SearchStrategy[Any]:
    """Special values without those whose sum overflows or not by the order of its terms."""
    if numpy.dtype(dtype).kind == "f":
        return st.one_of(tame(dtype), st.sampled_from([float("inf"), float("nan"), -0.0]))
    return special(dtype)


# By what an operator computes. With a scalar, BLAS drops inf * 0 in `dot` and `inner`.
TAME = ("npx.", "np.linalg.", "np.dot", "np.inner", "np.fft.", "np.convolve", "np.correlate")


def elements_of(op: Op[..., Any]) -> Callable[[str], st.SearchStrategy[Any]]:
    if op.name.startswith(TAME):
        return tame
    return special if isinstance(op.infer, Elementwise) or op in MOVING else summed


@st.composite
def calls(draw: Any, xp: Any, op: Op[..., Any]) -> tuple[Sample, tuple[Any, ...]]:
    """A sample row with other elements, other dtypes of the same kind, and, where it is
    elementwise, other shapes. The arrays are of the namespace."""
    sample = draw(st.sampled_from(SAMPLES[op]))
    arrays = [numpy.asarray(o) for o in sample.operands if _is_array(o)]
    kinds = {kind: draw(st.sampled_from(KINDS[kind])) for kind in {a.dtype.kind for a in arrays}}
    shapes = [array.shape for array in arrays]
    if isinstance(op.infer, Elementwise) and not sample.attributes and arrays:
        shapes = draw(_broadcastable(xp, len(arrays)))
    elements = elements_of(op)
    drawn = []
    for array, shape in zip(arrays, shapes, strict=True):
        dtype = _dtype(op, array, kinds[array.dtype.kind])
        values = (
            st.sampled_from(array.ravel().tolist()) if _is_index(op, array) else elements(dtype)
        )
        if 0 in shape:
            drawn.append(xp.zeros(shape, dtype=numpy.dtype(dtype)))
            continue
        drawn.append(draw(_arrays(xp, dtype, shape, values)))
    return sample, tuple(drawn)


def _arrays(xp: Any, dtype: str, shape: Any, elements: Any) -> Any:
    if dtype != "float16":
        return strategies(xp).arrays(getattr(xp, dtype), shape, elements=elements)
    count = int(numpy.prod(shape))  # the standard has no float16, nor have its strategies
    lists = st.lists(elements, min_size=count, max_size=count)
    return lists.map(lambda found: xp.asarray(numpy.array(found, numpy.float16).reshape(shape)))


def _broadcastable(xp: Any, count: int) -> Any:
    shapes = strategies(xp).mutually_broadcastable_shapes(
        count, min_dims=0, max_dims=3, min_side=0, max_side=3
    )
    return shapes.map(lambda found: list(found.input_shapes))


def _is_array(operand: Any) -> bool:
    return isinstance(operand, numpy.ndarray | numpy.generic)


def _is_index(op: Op[..., Any], array: Any) -> bool:
    """Integers beside other arrays are positions; others would be out of bounds."""
    return array.dtype.kind in "iu" and not isinstance(op.infer, Elementwise)


def _dtype(op: Op[..., Any], array: Any, drawn: str) -> str:
    keep = _is_index(op, array) or op.name.startswith("npx.") or array.dtype == numpy.float16
    return array.dtype.name if keep else drawn


def apply(op: Op[..., Any], sample: Sample, arrays: tuple[Any, ...]) -> Any:
    source = iter(arrays)
    operands = [next(source) if _is_array(operand) else operand for operand in sample.operands]
    return op(operands, **sample.attributes) if op.variadic else op(*operands, **sample.attributes)


def outcome(function: Callable[[], Any]) -> Any:
    """The results as a tuple, or the error."""
    try:
        with numpy.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = function()
    except Exception as problem:
        return problem
    return found if isinstance(found, tuple) else (found,)


def check(found: Any, wanted: Any, exact: bool, atol: float = TINY) -> None:
    """Both raise, or the same dtypes, shapes and elements."""
    if isinstance(wanted, Exception):
        assert isinstance(found, Exception), f"NumPy raises {wanted!r}, here {found!r}"
        return
    assert not isinstance(found, Exception), repr(found)
    for ours, numpys in zip(found, wanted, strict=True):
        ours, numpys = numpy.asarray(ours), numpy.asarray(numpys)
        assert (ours.dtype, ours.shape) == (numpys.dtype, numpys.shape)
        if exact or ours.dtype.kind not in "fc":
            numpy.testing.assert_array_equal(ours, numpys)
        else:
            rtol = RTOL.get(ours.dtype.name, 0)
            numpy.testing.assert_allclose(ours, numpys, rtol=rtol, atol=atol if rtol else 0)


def tolerance(op: Op[..., Any], arrays: tuple[Any, ...]) -> float:
    """What sums may differ by: a millionth of the largest number, squared where it is squared."""
    if isinstance(op.infer, Elementwise) and not op.name.startswith("npx."):
        return TINY
    floats = [abs(a[numpy.isfinite(a)]) for a in arrays if a.dtype.kind in "fc"]
    largest = max([float(a.max()) for a in floats if a.size], default=0.0)
    return 1e-6 * max(1.0, min(largest, 1e3)) ** 2


@pytest.mark.parametrize("name", NAMESPACES)
@pytest.mark.parametrize("op", SAMPLES, ids=str)
def test_eager(op: Op[..., Any], name: str) -> None:
    """Called at once: the namespace's programs, named sizes, fused operators."""
    xp = namespace(name)

    @DRAWS
    @given(calls(xp, op))
    def holds(call: tuple[Sample, tuple[Any, ...]]) -> None:
        sample, arrays = call
        numpys = tuple(map(numpy.asarray, arrays))
        check(
            outcome(lambda: apply(op, sample, arrays)),
            outcome(lambda: apply(op, sample, numpys)),
            exact=name == "numpy",
            atol=tolerance(op, numpys),
        )

    holds()


@pytest.mark.parametrize("name", ["cpu", "gpu"])
@pytest.mark.parametrize("op", SAMPLES, ids=str)
def test_compiled_of_known_sizes(op: Op[..., Any], name: str) -> None:
    """Traced for these very shapes and expanded to primitives."""
    xp = namespace("numpy")
    options = NAMESPACES[name]
    chosen = checked_options("f32", 1, "numpy", "allow", options.get("device"))

    @settings(DRAWS, max_examples=3)
    @given(calls(xp, op))
    def holds(call: tuple[Sample, tuple[Any, ...]]) -> None:
        sample, arrays = call
        numpys = tuple(map(numpy.asarray, arrays))
        if not numpys:
            return

        def compiled() -> Any:
            specs = tuple(spec(array.dtype, array.shape) for array in numpys)
            traced = trace(lambda *given: apply(op, sample, given), specs)
            graph = expand(traced.graph, keep=lambda node: False)
            return Executable(replace(traced, graph=graph), name, chosen, "allow")(*numpys)

        wanted = outcome(lambda: apply(op, sample, numpys))
        check(outcome(compiled), wanted, exact=False, atol=tolerance(op, numpys))

    holds()
