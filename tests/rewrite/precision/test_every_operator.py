"""Every operator in half precision, whatever it says of itself: its type, and its numbers."""

from __future__ import annotations

from typing import Any

import numpy
import pytest
from backends import BACKENDS, INSTALLED
from operator_samples import SAMPLES

from isthmus.program.executable import Executable
from isthmus.program.options import checked_options
from isthmus.trace.op import Op
from isthmus.trace.tracing import spec, trace

# What divides differences of its operands, so that their rounding is no small error.
ILL_CONDITIONED = {"np.gradient_at", "np.polydiv"}
WITH_F16 = [name for name in ("numpy", "gpu") if name in INSTALLED]


def outcome(op: Op[..., Any], sample: Any, arrays: Any) -> Any:
    """The call, with arrays in the places of the sample's."""
    source = iter(arrays)
    operands = [next(source) if isinstance(o, numpy.ndarray) else o for o in sample.operands]
    return op(*([operands] if op.variadic else operands), **sample.attributes)


OPERATORS = [op for op in SAMPLES if op.name not in ILL_CONDITIONED]


@pytest.mark.parametrize("op", OPERATORS, ids=lambda op: op.name)
def test_an_operator_is_lowered_where_that_is_asked(op: Op[..., Any]) -> None:
    sample = SAMPLES[op][0]
    arrays = [operand for operand in sample.operands if isinstance(operand, numpy.ndarray)]
    with numpy.errstate(all="ignore"):
        wanted = outcome(op, sample, arrays)
    types = tuple(spec(array.dtype, array.shape) for array in arrays)
    traced = trace(lambda *given: outcome(op, sample, given), types)
    names = {node.op.name for node in traced.graph.all_nodes()}
    overrides = {op.name: "f16"} if op.name in names else {}
    for backend in WITH_F16:
        device = BACKENDS[backend].get("device")
        options = checked_options("f16", 1, "numpy", "allow", device, overrides=overrides)
        found = Executable(traced, backend, options, "allow")(*arrays)
        check(found, wanted)


def check(found: Any, wanted: Any) -> None:
    """Of the same types, and within some roundings of operands below 8."""
    pairs = zip(each(found), each(wanted), strict=True)
    for one, other in pairs:
        assert (one.dtype, one.shape) == (other.dtype, other.shape)
        if other.dtype.kind == "f":
            numpy.testing.assert_allclose(one, other, rtol=2.0**-5, atol=2.0**-5)


def each(result: Any) -> list[Any]:
    parts = result if isinstance(result, tuple | list) else (result,)
    return [numpy.asarray(part) for part in parts]
