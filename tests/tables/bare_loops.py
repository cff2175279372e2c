"""OpenVINO's Loop by hand: states that change from step to step, and rows that are stacked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy
import openvino
from bare_runtimes import Array, core
from openvino import opset16 as ov


def loop_gives(
    step: Callable[..., Sequence[Any]],
    arrays: Sequence[Array],
    counts: Sequence[int],
    output: int,
    *,
    known: bool = False,
) -> Array:
    """One output of the last of several runs, each of so many steps.

    step: the states' new values, then rows. known: the number of steps is a constant.
    """
    trip = ov.constant(counts[0], numpy.int64) if known else ov.parameter([], numpy.int64)
    outer = [ov.parameter(list(array.shape), array.dtype) for array in arrays]
    found = _loop(step, arrays, trip, outer)
    parameters = [*([] if known else [trip]), *outer]
    model = openvino.Model([ov.result(x) for x in found], parameters, "loop")
    settings = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": 1}
    request = core().compile_model(model, "CPU", settings).create_infer_request()
    for count in counts:
        request.infer([*([] if known else [numpy.array(count, numpy.int64)]), *arrays])
    return numpy.array(request.get_output_tensor(output).data)


def _loop(
    step: Callable[..., Sequence[Any]], arrays: Sequence[Array], trip: Any, outer: Sequence[Any]
) -> list[Any]:
    inner = [ov.parameter(list(array.shape), array.dtype) for array in arrays]
    results = [ov.result(x) for x in step(*inner)]
    loop = ov.loop(trip.output(0), ov.constant(True).output(0))
    loop.set_function(openvino.Model([ov.result(ov.constant(True)), *results], inner, "step"))
    loop.set_special_body_ports([-1, 0])
    for state, value, result in zip(inner, outer, results, strict=False):
        loop.set_merged_input(state, value.output(0), result.output(0))
    rows = results[len(inner) :]
    states = [loop.get_iter_value(result.output(0), -1) for result in results[: len(inner)]]
    stacked = [loop.get_concatenated_slices(x.output(0), 0, 1, 1, -1, 0) for x in rows]
    return [*states, *stacked]
