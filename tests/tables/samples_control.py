"""Sample rows of operators: control. See `operator_samples`."""

from __future__ import annotations

from typing import Any

import numpy
from sample_arrays import Sample, f32

from isthmus import np
from isthmus.graph.nodes import Graph
from isthmus.trace.op import OPERATORS, Op
from isthmus.trace.tracing import spec, trace

_ROW = spec("float32", [3])


def _body(function: Any, *types: Any) -> Graph:
    """A body as its node has it, traced by itself."""
    return trace(function, types).graph


_BRANCHES = {
    "then": _body(lambda x, y: (x * y, y), _ROW, _ROW),
    "otherwise": _body(lambda x, y: (np.tanh(x), x - y), _ROW, _ROW),
}
_SIZED = {
    "then": _body(lambda x, y: (np.concat([x, y]), y), _ROW, _ROW),
    "otherwise": _body(lambda x, y: (x[:1], x - y), _ROW, _ROW),
    "flat": 1,
}
_BELOW = {
    "condition": _body(lambda x, most: np.sum(x) < most, _ROW, spec("float32")),
    "variables": 1,
}
_DOUBLING = _body(lambda x, most: x + np.abs(x) + 1, _ROW, spec("float32"))
_KEEPING = _body(lambda x, most: (x + np.abs(x) + 1, most * x), _ROW, spec("float32"))
_SCAN = {
    "body": _body(lambda row, s, w: (np.tanh(s * w + row), row * w), _ROW, _ROW, _ROW),
    "sliced": 1,
    "states": 1,
}


def _number(x: float) -> Any:
    return numpy.asarray(x, numpy.float32)


ROWS: dict[Op[..., Any], list[Sample]] = {
    OPERATORS["npx.cond"]: [
        Sample((numpy.asarray(truth), f32(3), f32(3)), _BRANCHES) for truth in (True, False)
    ],
    OPERATORS["npx.foreach"]: [Sample((f32(5, 3), f32(3), f32(3)), _SCAN)],
    OPERATORS["npx.sized_cond"]: [
        Sample(
            (numpy.asarray(truth), f32(3), f32(3)),
            _SIZED,
            fixed="its bodies have types of their own",
        )
        for truth in (True, False)
    ],
    OPERATORS["npx.while_loop"]: [
        Sample(
            (f32(3), _number(most)),
            {**_BELOW, "body": body, "limit": limit, **more},
            fixed="its body has types of its own",
        )
        for most, limit in ((100, None), (-100, None), (100, 2))
        for body, more in ((_DOUBLING, {"size": 0}), (_KEEPING, {}))
    ],
}
