"""Sample rows of operators: shapes. See `operator_samples`."""

from __future__ import annotations

from typing import Any

import numpy
from sample_arrays import Sample, f32, i32, positive, truth

from isthmus import np
from isthmus.trace.op import OPERATORS, Op

X, Y = f32(2, 3, 4), f32(2, 3, 4)
F32, F64, I32, I64, BOOL = map(numpy.dtype, ("float32", "float64", "int32", "int64", "bool"))
WHOLE = slice(None)
DIVIDES = "a named size does not divide into the parts"
COUNTED = "as many positions are known as the axis has elements"
SQUARE = "the smaller of two sizes is not known"
EDGES = "its elements would be put around a size that is not known"
RISING = numpy.array([[0, 1], [3, -1]])
ROWS: dict[Op[..., Any], list[Sample]] = {
    OPERATORS["np.arange"]: [Sample((), {"start": 2, "stop": 9, "dtype": I32})],
    OPERATORS["np.assign"]: [
        Sample((X, f32(2, 4), i32(2, low=-3, high=3)), {"index": (WHOLE, "array")}),
        Sample((i32(4, 5), i32(2, 1), RISING[0], RISING[1]), {"index": ("array", None, "array")}),
        Sample((X, f32(1), truth(2, 3)), {"index": ("array", slice(0, None, 2))}),
        Sample((truth(3, 4), truth(), truth(3, 4), numpy.array(True)), {"index": ("array",) * 2}),
    ],
    OPERATORS["np.astype"]: [
        Sample((X,), {"dtype": I32}),
        Sample((i32(3),), {"dtype": F32}),
        Sample((truth(3),), {"dtype": F32}),
        Sample((f32(4),), {"dtype": BOOL}),
        Sample((X,), {"dtype": F64}),
    ],
    np.broadcast_to: [
        Sample((f32(3, 1),), {"shape": (2, 3, 4)}),
        Sample((i32(),), {"shape": (2, 3)}),
    ],
    OPERATORS["np.choose"]: [
        Sample((i32(2, 3, low=0, high=2), f32(2, 3), f32(3)), {"mode": "raise"}),
        Sample((i32(3), f32(2, 1), f32()), {"mode": "wrap"}),
        Sample((i32(3), i32(3), i32(3), i32(3)), {"mode": "clip"}),
    ],
    OPERATORS["np.concat"]: [
        Sample((X, Y), {"axis": 1}),
        Sample((X, f32(2, 3, 2), Y), {"axis": -1}),
        Sample((i32(2), f32(3)), {"axis": 0}),
        Sample((truth(2, 2), truth(0, 2), truth(1, 2)), {"axis": 0}),
    ],
    OPERATORS["np.diag_of"]: [
        Sample((f32(3),), {"k": 0}),
        Sample((f32(3),), {"k": 2}),
        Sample((i32(3),), {"k": -1}),
        Sample((truth(2),), {"k": 1}),
    ],
    np.diagonal: [
        Sample((f32(3, 4),), {}, SQUARE),
        Sample((f32(3, 3, 2),), {"offset": 1}, SQUARE),
        Sample((i32(3, 2, 4),), {"offset": -1, "axis1": 2, "axis2": 1}),
        Sample((X,), {"offset": 7, "axis1": 1, "axis2": 2}),
    ],
    np.expand_dims: [Sample((X,), {"axis": 1}), Sample((X,), {"axis": (0, -1)})],
    OPERATORS["np.full"]: [Sample((), {"shape": (2, 3), "fill_value": 1.5, "dtype": F32})],
    OPERATORS["np.full_like"]: [
        Sample((X,), {"fill_value": 2.5, "dtype": F32, "shape": None}),
        Sample((i32(2, 3),), {"fill_value": 1, "dtype": BOOL, "shape": (3, 2)}),
    ],
    OPERATORS["np.geomspace"]: [
        Sample((positive(2, 3).astype("float64"), positive(3).astype("float64")),
               {"num": 4, "endpoint": True, "dtype": F64, "axis": -1}),
        Sample((positive(2), positive()), {"num": 3, "endpoint": False, "dtype": F64, "axis": 0}),
    ],
    OPERATORS["np.getitem"]: [
        Sample((X,), {"index": (0,)}),
        Sample((X,), {"index": (WHOLE, slice(1, None), -1)}),
        Sample((X,), {"index": (..., None, slice(0, 4, 2))}),
        Sample((X,), {"index": (WHOLE, slice(None, None, -1))}),
    ],
    OPERATORS["np.linspace"]: [
        Sample((f32(2, 3), f32(3)), {"num": 4, "endpoint": True, "dtype": F64, "axis": 1}),
        Sample((f32(), f32()), {"num": 3, "endpoint": False, "dtype": F64, "axis": 0}),
        Sample((f32(2), f32()), {"num": 1, "endpoint": True, "dtype": F64, "axis": -1}),
        Sample((i32(2), i32(2)), {"num": 5, "endpoint": True, "dtype": I32, "axis": 0}),
    ],
    OPERATORS["np.lookup"]: [
        Sample((X, i32(2, low=-3, high=3), i32(2, 1, low=0, high=2)),
               {"index": (WHOLE, "array", "array")}),
        Sample((X, i32(2, low=-2, high=2)), {"index": (1, WHOLE, "array")}),
        Sample((i32(3, 3), i32(2, 2, low=0, high=3), i32(2, low=0, high=3)),
               {"index": ("array", "array")}),
        Sample((truth(3, 2), i32(0), numpy.array(1)), {"index": ("array", "array")}),
    ],
    OPERATORS["np.masked_lookup"]: [
        Sample((X, truth(2, 3, 4)), {"index": ("array",)}),
        Sample((X, truth(3)), {"index": (WHOLE, "array")}),
        Sample((X, truth(2), i32(2, 1, low=0, high=4)), {"index": ("array", WHOLE, "array")},
               "the array has as many rows as the mask"),
        Sample((i32(4), truth(4)), {"index": ("array",)}),
        Sample((f32(3, 2), numpy.zeros(3, bool)), {"index": ("array",)},
               "the mask has as many elements as the array has rows"),
    ],
    OPERATORS["np.pad"]: [
        Sample((i32(2, 3),), {"widths": ((1, 2), (0, 1)), "mode": "mean", "options": {}}),
        Sample((f32(4),), {"widths": ((2, 2),), "mode": "linear_ramp",
                           "options": {"end_values": ((1, 2),)}}),
        Sample((i32(5),), {"widths": ((3, 9),), "mode": "symmetric", "options": {}}),
        Sample((f32(5),), {"widths": ((3, 2),), "mode": "reflect",
                           "options": {"reflect_type": "odd"}}),
        Sample((f32(5),), {"widths": ((1, 1),), "mode": "maximum",
                           "options": {"stat_length": ((2, 3),)}}),
    ],
    OPERATORS["np.pad_again"]: [
        Sample((f32(3, 4),), {"widths": ((5, 1), (0, 2)), "mode": "reflect"}),
        Sample((f32(3, 4),), {"widths": ((1, 2), (0, 3)), "mode": "reflect"}),
        Sample((i32(3, 2),), {"widths": ((0, 4), (1, 0)), "mode": "symmetric"}),
        Sample((f32(3),), {"widths": ((4, 7),), "mode": "wrap"}),
    ],
    OPERATORS["np.pad_constant"]: [
        Sample((X,), {"widths": ((1, 0), (0, 0), (2, 3)), "values": ((-0.5, 7.0),) * 3,}),
        Sample((X,), {"widths": ((1, 0), (0, 0), (2, 3)), "values": ((-0.5, -0.5),) * 3}),
        Sample((X,), {"widths": ((1, 0), (0, 0), (2, 3)),
                      "values": ((1.5, 2.0), (0.0, 0.0), (-1.0, 4.0))}),
        Sample((truth(3),), {"widths": ((1, 2),), "values": ((True, False),)}),
    ],
    OPERATORS["np.pad_edge"]: [
        Sample((f32(2, 3),), {"widths": ((2, 0), (1, 1))}),
        Sample((i32(3),), {"widths": ((2, 3),)}),
    ],
    OPERATORS["np.parts"]: [
        Sample((X,), {"sizes": (1, 3), "axis": 2}),
        Sample((i32(5, 2),), {"sizes": (2, 2, 1), "axis": -2}),
    ],
    np.permute_dims: [Sample((X,), {"axes": (2, 0, 1)}), Sample((X,), {"axes": None})],
    OPERATORS["np.ravel_multi_index"]: [
        Sample((i32(3, low=0, high=2), i32(2, 1, low=0, high=4)),
               {"sizes": (2, 4), "mode": "raise", "order": "C"}),
        Sample((i32(3), i32(3)), {"sizes": (2, 4), "mode": ("wrap", "clip"), "order": "F"}),
    ],
    OPERATORS["np.repeat"]: [
        Sample((X,), {"repeats": 2, "axis": 1}),
        Sample((i32(2, 3),), {"repeats": 1, "axis": 0}),
        Sample((truth(3),), {"repeats": 0, "axis": 0}),
    ],
    OPERATORS["np.repeat_each"]: [
        Sample((X, numpy.array([2, 0, 1])), {"axis": 1}),
        Sample((f32(2, 3), numpy.array(2)), {"axis": 0}),
        Sample((i32(3), numpy.array([1, 1, 2])), {"axis": 0}),
    ],
    OPERATORS["np.reshape"]: [
        Sample((X,), {"shape": (6, -1)}),
        Sample((X,), {"shape": (2, 3, 2, 2)}),
        Sample((truth(2, 3),), {"shape": 6}, DIVIDES),
    ],
    OPERATORS["np.roll"]: [
        Sample((X,), {"shifts": (1, -2), "axes": (0, 2)}),
        Sample((i32(5),), {"shifts": (13,), "axes": (0,)}),
        Sample((truth(3, 2),), {"shifts": (0,), "axes": (1,)}),
    ],
    OPERATORS["np.scatter"]: [
        Sample((f32(2, 2), RISING[0], RISING[1]), {"index": ("array", WHOLE, "array"),
               "shape": (4, 2, 4)}, "the result's sizes are given"),
        Sample((f32(3, 3), numpy.array([0, 2, 0])), {"index": (WHOLE, "array"), "shape": (3, 4)},
               "the positions are as many as the rows"),
    ],
    np.squeeze: [
        Sample((f32(2, 1, 3, 1),), {"axis": 1}),
        Sample((f32(2, 1, 1),), {"axis": (1, 2)}),
        Sample((f32(1, 3, 1),), {"axis": None}),
        Sample((i32(2, 3),), {"axis": None}, "a named size may be 1"),
    ],
    np.take: [
        Sample((X, i32(5, low=-3, high=3)), {"axis": 1}),
        Sample((f32(7, 3), i32(2, 2, low=0, high=7)), {"axis": 0}),
        Sample((f32(7), i32(2, low=0, high=7)), {"axis": None}),
        Sample((X, i32(2, 3, low=-24, high=24)), {"axis": None}),
        Sample((f32(3, 2), i32(4)), {"axis": 0, "mode": "wrap"}),
        Sample((i32(3, 2), i32(4)), {"axis": 1, "mode": "clip"}),
        Sample((f32(3, 2), truth(4)), {"axis": 0}),
        Sample((truth(3, 2), i32(4, low=0, high=3)), {"axis": 0}),
    ],
    OPERATORS["np.take_along_axis"]: [
        Sample((X, i32(2, 3, 5, low=-4, high=4)), {"axis": 2}),
        Sample((i32(3, 4), i32(2, 4, low=-3, high=3)), {"axis": 0}),
        Sample((truth(3, 4), i32(3, 1, low=0, high=4)), {"axis": 1}),
    ],
    OPERATORS["np.tile"]: [
        Sample((X,), {"reps": (1, 2, 3)}),
        Sample((i32(2, 1),), {"reps": (2, 1)}),
        Sample((truth(3),), {"reps": (0,)}),
    ],
    np.tril: [
        Sample((X,)),
        Sample((i32(3, 3),), {"k": -1}),
        Sample((truth(3),)),
    ],
    np.triu: [
        Sample((X,), {"k": 1}),
        Sample((i32(3, 3),)),
    ],
    OPERATORS["np.unravel_index"]: [
        Sample((i32(2, 3, low=0, high=12),), {"sizes": (3, 4), "order": "C"}),
        Sample((numpy.array(7),), {"sizes": (3, 4), "order": "F"}),
    ],
}  # fmt: skip

WITHOUT_GRADIENT: dict[Op[..., Any], str] = {
    OPERATORS["np.pad"]: "its modes that have one are made of lookups instead",
}
