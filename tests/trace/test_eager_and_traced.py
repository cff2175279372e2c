"""Operators are one thing called with NumPy's arrays and traced: dtypes, shapes, numbers, errors.

Each sample is called with its arrays in other dtypes. What NumPy refuses is refused while tracing
or when the program runs, with an error that is NumPy's kind of error too.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy
import pytest
from operator_samples import SAMPLES
from sample_arrays import Sample

import isthmus as im
from isthmus.trace.op import OPERATORS, Op

DTYPES = ("bool", "int8", "int32", "int64", "uint8", "float16", "float64", "complex64")
QUICK = ("bool", "int32", "float16")
KINDS = (TypeError, ValueError, IndexError, ZeroDivisionError, OverflowError)

# Operators whose samples are of certain dtypes, and why.
OF_CERTAIN_DTYPES: dict[str, str] = {
    "np.assign": "its index says which arrays are masks",
    "np.gradient_at": "np.gradient gives it floats",
    "np.lookup": "its index says which arrays are masks",
    "np.masked_lookup": "its index says which arrays are masks",
    "np.scatter": "its index says which arrays are masks",
    "np.weighted_cov": "np.cov gives it float64 or complex128",
    "npx.average_pool": "images are of floats",
    "npx.cond": "its bodies are of certain types",
    "npx.convolution": "images are of floats",
    "npx.foreach": "its body is of certain types",
    "npx.max_pool": "images are of floats",
    "npx.sized_cond": "its bodies are of certain types",
    "npx.while_loop": "its bodies are of certain types",
}
OPS = [op for op in SAMPLES if op.name not in OF_CERTAIN_DTYPES]


def is_array(operand: Any) -> bool:
    return isinstance(operand, numpy.ndarray | numpy.generic)


def call(op: Any, sample: Sample, arrays: tuple[Any, ...]) -> Any:
    """The operator with the sample's arrays replaced; scalars and None stay."""
    source: Iterator[Any] = iter(arrays)
    operands = [next(source) if is_array(operand) else operand for operand in sample.operands]
    variadic = getattr(op, "variadic", False)
    return op(operands, **sample.attributes) if variadic else op(*operands, **sample.attributes)


def cast(sample: Sample, dtype: str) -> tuple[Any, ...]:
    with warnings.catch_warnings(), numpy.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        arrays = [numpy.asarray(x) for x in sample.operands if is_array(x)]
        return tuple(x.astype(dtype) for x in arrays)


def outcome(function: Callable[[], Any]) -> Any:
    """The results as arrays, or the error."""
    with warnings.catch_warnings(), numpy.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            found = function()
        except Exception as problem:
            return problem
    return tuple(map(numpy.asarray, found if isinstance(found, tuple) else (found,)))


def types_of(arrays: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(im.spec(array.dtype, array.shape) for array in arrays)


def same_kind(one: Any, other: Any) -> bool:
    return any(isinstance(one, kind) and isinstance(other, kind) for kind in KINDS)


def compare(op: Op[..., Any], sample: Sample, dtype: str, backend: dict[str, Any]) -> None:
    """Fails where the compiled call differs from the eager one."""
    arrays = cast(sample, dtype)
    wanted = outcome(lambda: call(op, sample, arrays))
    found = outcome(
        lambda: im.compile(lambda *given: call(op, sample, given), types_of(arrays), **backend)(
            *arrays
        )
    )
    said = f"{op}({dtype}): {wanted!r:.200} eagerly, {found!r:.200} traced"
    if isinstance(wanted, Exception) or isinstance(found, Exception):
        assert same_kind(wanted, found), said
        return
    assert [(x.dtype, x.shape) for x in found] == [(x.dtype, x.shape) for x in wanted], said
    for one, other in zip(found, wanted, strict=True):
        near = 2e-3 if other.dtype == numpy.float16 else 1e-5
        exact = other.dtype.kind not in "fc"
        numpy.testing.assert_allclose(
            one, other, rtol=0 if exact else near, atol=0 if exact else near
        )


@pytest.mark.parametrize("dtype", QUICK)
@pytest.mark.parametrize("op", [op for op in OPS if SAMPLES[op][0].operands], ids=str)
def test_types_traced_are_those_of_the_body(op: Op[..., Any], dtype: str) -> None:
    sample = SAMPLES[op][0]
    arrays = cast(sample, dtype)
    wanted = outcome(lambda: call(op, sample, arrays))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # which NumPy gives when it is asked for a dtype
            graph = im.trace(lambda *given: call(op, sample, given), types_of(arrays)).graph
    except Exception as problem:
        assert same_kind(wanted, problem), f"{op}({dtype}): {wanted!r:.200}, traced: {problem}"
        return
    if isinstance(wanted, Exception):
        compare(op, sample, dtype, {"backend": "numpy"})
        return
    for value, array in zip(graph.outputs, wanted, strict=True):
        assert value.type.dtype == array.dtype and value.type.ndim == array.ndim


@pytest.mark.parametrize("backend", ["numpy", "cpu", "gpu"])
@pytest.mark.parametrize("op", OPS, ids=str)
def test_compiled_calls_of_every_dtype(op: Op[..., Any], backend: str) -> None:
    chosen = {"backend": backend, **({"device": "cpu"} if backend == "gpu" else {})}
    for sample in SAMPLES[op]:
        for dtype in DTYPES if any(map(is_array, sample.operands)) else ():
            compare(op, sample, dtype, chosen)


@pytest.mark.parametrize("op", [op for op in OPS if hasattr(numpy, op.name[3:])], ids=str)
def test_scalars_where_numpy_gives_them(op: Op[..., Any]) -> None:
    """Of no axes NumPy gives numbers of some functions, and arrays of others."""
    for sample in SAMPLES[op]:
        if any(map(is_array, sample.operands)) and not sample.attributes.keys() - {"axis"}:
            arrays = tuple(x for x in sample.operands if is_array(x))
            wanted = outcome_of(partial(call, getattr(numpy, op.name[3:]), sample, arrays))
            found = outcome_of(partial(call, op, sample, arrays))
            if isinstance(wanted, numpy.generic):
                assert isinstance(found, numpy.generic), op


def outcome_of(function: Callable[[], Any]) -> Any:
    """The result as it is; None where NumPy's function takes other arguments."""
    with warnings.catch_warnings(), numpy.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            return function()
        except (TypeError, ValueError):
            return None


def test_every_exception_is_an_operator() -> None:
    assert OF_CERTAIN_DTYPES.keys() <= OPERATORS.keys()
