"""Sample rows of statistics, sorting, searching and sets. See `operator_samples`."""

from __future__ import annotations

from typing import Any

import numpy
from sample_arrays import Sample, f32, i32, positive, truth

from isthmus import np
from isthmus.trace.op import OPERATORS, Op

X, LINE, EMPTY = f32(2, 3, 4), f32(6), f32(0, 3)
TIES = i32(3, 5, low=0, high=4)
SOME = f32(3, 4)
SOME[0, 1] = SOME[2, 3] = numpy.nan
WHOLE = numpy.arange(24, dtype=numpy.int16).reshape(2, 3, 4)
HALF = f32(3, 4).astype(numpy.float16)
BOTH = (f32(3, 4) + 1j * f32(3, 4)).astype(numpy.complex64)
SORTED = numpy.sort(f32(7))
F32, F64, I32 = (numpy.dtype(name) for name in ("float32", "float64", "int32"))

OTHER_AXIS = "the leading size meets an axis of another operand"

_REDUCED = [
    Sample((X,)),
    Sample((X,), {"axis": 1}),
    Sample((X,), {"axis": (0, -1), "keepdims": True}),
]
_WHOLE = [Sample((WHOLE,), {"axis": 2}), Sample((HALF,)), Sample((BOTH,), {"axis": 0})]
_CAST = [Sample((X,), {"axis": 0, "dtype": F64}), Sample((WHOLE,), {"axis": 1, "dtype": F32})]
_TRUTH = [Sample((truth(3, 4),), {"axis": 1}), Sample((truth(3, 4),)), Sample((X,), {"axis": 0})]
_EXTREME = [Sample((X,)), Sample((X,), {"axis": 1}), Sample((X,), {"axis": -1, "keepdims": True})]
_FREEDOM = [Sample((X,), {"axis": 1, "ddof": 1}), Sample((X,), {"axis": 0, "correction": 0.5})]
_RUNNING = [Sample((X,), {"axis": 1}), Sample((X,)), Sample((WHOLE,), {"axis": -1}), *_CAST]
_NAN = [Sample((SOME,)), Sample((SOME,), {"axis": 0}), Sample((WHOLE,), {"axis": (0, 2)})]
_SET = [Sample((TIES,)), Sample((f32(4),)), Sample((truth(5),)), Sample((i32(0),))]
_PAIR = (i32(8, low=0, high=6), i32(5, low=3, high=9))
_FLAT = [Sample((X,), {"axis": None, "descending": False})]
_SORT = [
    Sample((X,), {"axis": 1, "descending": False}),
    Sample((X,), {"axis": -1, "descending": True}),
    Sample((TIES,), {"axis": -1, "descending": True}),
    Sample((TIES,), {"axis": 0, "descending": False}),
    Sample((X,), {"axis": None, "descending": True}),
]
_PARTITION = [Sample((X,), {"kth": 1, "axis": 1}), Sample((X,), {"kth": (3, -2), "axis": None})]
_AT: dict[str, Any] = {"at": None, "axis": None, "method": "linear", "keepdims": False}
_QUANTILE = [
    Sample((X, None), {**_AT, "at": 0.3, "axis": 1}),
    Sample((X, numpy.array([0.2, 0.5, 0.95])), {**_AT, "axis": (0, 2)}),
    Sample((X, numpy.array(0.7)), {**_AT, "axis": 0, "keepdims": True}),
    Sample((TIES, None), {**_AT, "at": 0.4, "axis": 0, "method": "lower"}),
    Sample((TIES, None), {**_AT, "at": 0.4, "method": "median_unbiased"}),
]
_PERCENTILE = [
    Sample((X, None), {**_AT, "at": 30, "axis": 1}),
    Sample((X, numpy.array([20.0, 95.0])), {**_AT}),
]
_UNIQUE: dict[str, Any] = {
    "wanted": (True, True, True), "axis": None, "equal_nan": True, "sorted": True,
}  # fmt: skip
_BINS: dict[str, Any] = {"bins": 4, "range": None, "density": None}
_BOXES: dict[str, Any] = {"bins": (3, 4), "range": None, "density": None, "weighted": False}
_MODES = [
    Sample((LINE, f32(3)), {"mode": mode}, fixed="which operand is longer decides the size")
    for mode in ("same", "valid")
]
_FULL = [Sample((LINE, f32(3)), {"mode": "full"}), Sample((f32(2), LINE), {"mode": "full"})]
_SHORT = [Sample((f32(2), LINE), {"mode": "same"}, fixed=_MODES[0].fixed)]

ROWS: dict[Op[..., Any], list[Sample]] = {
    OPERATORS["np.argpartition"]: [
        Sample((X,), {"kth": 1}),
        Sample((X,), {"kth": 5, "axis": None}),
    ],
    OPERATORS["np.argsort"]: _SORT,
    OPERATORS["np.average"]: [
        Sample((X, positive(2, 3, 4)), {"axis": 1, "keepdims": False}),
        Sample((X, positive(1, 3, 1)), {"axis": 1, "keepdims": True}),
        Sample((WHOLE, positive(1, 1, 4)), {"axis": 2, "keepdims": False}),
        Sample((X, positive(2, 3, 4)), {"axis": None, "keepdims": False}),
    ],
    OPERATORS["np.bincount"]: [
        Sample((i32(9, low=0, high=6), None), {"minlength": 0}),
        Sample((i32(9, low=0, high=6), f32(9)), {"minlength": 8}),
        Sample((i32(0, low=0), None), {"minlength": 0}),
    ],
    OPERATORS["np.convolve"]: [*_FULL, *_MODES, *_SHORT],
    OPERATORS["np.correlate"]: [*_FULL, *_MODES, *_SHORT],
    OPERATORS["np.cov"]: [Sample((f32(3, 6),), {"ddof": 1}), Sample((f32(2, 5),), {"ddof": 0})],
    OPERATORS["np.estimated_bin_edges"]: [
        Sample((LINE,), {"bins": "auto", "range": None}),
        Sample((WHOLE,), {"bins": "sturges", "range": (0.0, 9.0)}),
    ],
    OPERATORS["np.gradient_at"]: [
        Sample((f32(5, 3), SORTED[:5]), {"axis": 0, "edge_order": 1}, fixed=OTHER_AXIS),
        Sample((f32(3, 5), SORTED[:5]), {"axis": 1, "edge_order": 2}),
    ],
    OPERATORS["np.gradient_by"]: [
        Sample((f32(5, 4), 2.0), {"axis": 0, "edge_order": 1}),
        Sample((f32(5, 4), 0.5), {"axis": 1, "edge_order": 2}),
    ],
    OPERATORS["np.histogram"]: [
        Sample((X, None, None), _BINS),
        Sample((X, None, positive(2, 3, 4)), {**_BINS, "range": (-1.0, 1.0), "density": True}),
        Sample((X, SORTED, None), {**_BINS, "bins": None}),
        Sample((WHOLE, None, None), _BINS),
    ],
    OPERATORS["np.histogram_bin_edges"]: [
        Sample((X,), {"bins": 5, "range": None}),
        Sample((WHOLE,), {"bins": 3, "range": (0.0, 9.0)}),
    ],
    OPERATORS["np.histogramdd"]: [
        Sample((LINE, f32(6)), _BOXES),
        Sample(
            (LINE, f32(6), SORTED, positive(6)), {**_BOXES, "bins": (3, None), "weighted": True}
        ),
    ],
    OPERATORS["np.interp"]: [
        Sample((f32(5), SORTED, f32(7), None, None), {"period": None}),
        Sample((f32(2, 3), SORTED, f32(7), numpy.float64(-1), numpy.float64(2)), {"period": None}),
        Sample((f32(5), f32(7), f32(7), None, None), {"period": 1.5}),
    ],
    OPERATORS["np.intersect1d"]: [
        Sample(_PAIR, {"assume_unique": False, "return_indices": True}),
        Sample((f32(3), f32(4)), {"assume_unique": False, "return_indices": False}),
    ],
    OPERATORS["np.lexsort"]: [
        Sample((TIES, i32(3, 5)), {"axis": 0}),
        Sample((TIES,), {"axis": -1}),
    ],
    OPERATORS["np.nanpercentile"]: _PERCENTILE,
    OPERATORS["np.nanquantile"]: [*_QUANTILE, Sample((SOME, None), {**_AT, "at": 0.3, "axis": 1})],
    OPERATORS["np.percentile"]: _PERCENTILE,
    OPERATORS["np.polyfit"]: [
        Sample((LINE, f32(6), None), {"deg": 2, "rcond": None}),
        Sample((LINE, f32(6, 2), positive(6)), {"deg": 3, "rcond": None}, fixed=OTHER_AXIS),
    ],
    OPERATORS["np.quantile"]: _QUANTILE,
    OPERATORS["np.searchsorted"]: [
        Sample((SORTED, f32(2, 3), None), {"side": "left"}),
        Sample((SORTED[::-1].copy(), SORTED[2:5], numpy.arange(7)[::-1].copy()), {"side": "right"}),
        Sample((numpy.arange(5, dtype=numpy.int32), f32(3), None), {"side": "left"}),
    ],
    OPERATORS["np.sort"]: _SORT,
    OPERATORS["np.unique"]: [
        Sample((TIES,), _UNIQUE),
        Sample((TIES,), {**_UNIQUE, "wanted": (False, False, False), "axis": 1}),
        Sample((truth(4, 2),), {**_UNIQUE, "axis": 0}),
    ],
    np.unwrap: [
        Sample((X,)),
        Sample((X,), {"axis": 0, "period": 1.5}),
        Sample((i32(3, 4),), {"axis": 0, "period": 3}),
        Sample((f32(5),), {"discont": 2.0, "period": 2.5}),
    ],
    OPERATORS["np.unique_all"]: _SET,
    OPERATORS["np.unique_counts"]: _SET,
    OPERATORS["np.unique_inverse"]: _SET,
    OPERATORS["np.vander"]: [
        Sample((f32(4),), {"columns": 3, "increasing": False}),
        Sample((i32(4),), {"columns": 4, "increasing": True}),
    ],
    OPERATORS["np.weighted_cov"]: [
        Sample((f32(2, 5).astype(numpy.float64), i32(5, low=1), positive(5)), {"ddof": 1}),
    ],
    np.all: _TRUTH,
    np.any: _TRUTH,
    np.argmax: _EXTREME,
    np.argmin: _EXTREME,
    np.count_nonzero: [Sample((TIES,)), Sample((X > 0,), {"axis": (0, 2), "keepdims": True})],
    np.cumprod: _RUNNING,
    np.cumsum: _RUNNING,
    np.cumulative_prod: [Sample((X,), {"axis": 1, "include_initial": True}), Sample((LINE,))],
    np.cumulative_sum: [Sample((X,), {"axis": 1, "include_initial": True}), Sample((f32(),))],
    np.digitize: [
        Sample((f32(2, 3), SORTED)),
        Sample((f32(2, 3), SORTED[::-1].copy()), {"right": True}),
    ],
    np.isin: [Sample(_PAIR), Sample((f32(2, 3), 1.0), {"invert": True}), Sample((TIES, _PAIR[0]))],
    np.max: [*_REDUCED, Sample((truth(3, 4),), {"axis": 1}), *_WHOLE],
    np.mean: [*_REDUCED, *_WHOLE, *_CAST],
    np.median: [*_REDUCED, Sample((WHOLE,), {"axis": 1}), Sample((HALF,), {"axis": 0})],
    np.min: [*_REDUCED, Sample((truth(3, 4),), {"axis": 1}), *_WHOLE],
    np.nanargmax: [Sample((SOME,), {"axis": 1}), Sample((SOME,)), Sample((X,), {"axis": 0})],
    np.nanargmin: [Sample((SOME,), {"axis": 1}), Sample((SOME,)), Sample((X,), {"axis": 0})],
    np.nancumprod: [Sample((SOME,), {"axis": 1}), Sample((WHOLE,))],
    np.nancumsum: [Sample((SOME,), {"axis": 1}), Sample((WHOLE,))],
    np.nanmax: _NAN,
    np.nanmean: _NAN,
    np.nanmedian: [*_NAN, Sample((SOME,), {"axis": 1, "keepdims": True})],
    np.nanmin: _NAN,
    np.nanprod: _NAN,
    np.nanstd: [*_NAN, Sample((SOME,), {"axis": 1, "ddof": 1})],
    np.nansum: _NAN,
    np.nanvar: [*_NAN, Sample((SOME,), {"axis": 1, "ddof": 1, "keepdims": True})],
    np.nonzero: [Sample((TIES,)), Sample((truth(7),)), Sample((f32(2, 1, 3) > 9,))],
    np.partition: _PARTITION,
    np.polyadd: [
        Sample((f32(3), f32(3))),
        Sample((f32(2), f32(4)), fixed="which operand is longer decides the size"),
    ],
    np.polyder: [Sample((f32(5),)), Sample((i32(5),), {"m": 2})],
    np.polydiv: [Sample((f32(5), f32(2)), fixed="which operand is longer decides the size")],
    np.polymul: [Sample((f32(3), f32(4))), Sample((numpy.array([0, 0, 2, 1]), i32(3, low=1)))],
    np.polysub: [
        Sample((f32(3), f32(3))),
        Sample((f32(4), f32(2)), fixed="which operand is longer decides the size"),
    ],
    np.polyval: [Sample((f32(3), X), fixed="a polynomial of unknown degree has no formula")],
    np.prod: [*_REDUCED, *_WHOLE, *_CAST],
    np.ptp: _REDUCED,
    np.setdiff1d: [Sample(_PAIR), Sample((f32(4), f32(2))), Sample(_PAIR, {"assume_unique": True})],
    np.setxor1d: [Sample(_PAIR), Sample((f32(4), f32(2)))],
    np.std: [*_REDUCED, *_FREEDOM, *_WHOLE, *_CAST],
    np.sum: [*_REDUCED, *_WHOLE, *_CAST, Sample((truth(3, 4),), {"axis": 1, "dtype": I32})],
    np.unique_values: _SET,
    np.var: [*_REDUCED, *_FREEDOM, *_WHOLE, *_CAST],
    np.where: [
        Sample((truth(2, 3, 4), X, f32(4))),
        Sample((truth(4), X, 0.0)),
        Sample((truth(3, 1), WHOLE, BOTH[0])),
    ],
}

_UNSTATED = "its gradient is rarely asked for"

WITHOUT_GRADIENT: dict[Op[..., Any], str] = {
    OPERATORS[name]: _UNSTATED
    for name in (
        "np.bincount",
        "np.estimated_bin_edges",
        "np.gradient_at",
        "np.histogram",
        "np.histogram_bin_edges",
        "np.histogramdd",
        "np.interp",
        "np.intersect1d",
        "np.polydiv",
        "np.polyfit",
        "np.polymul",
        "np.setdiff1d",
        "np.setxor1d",
        "np.unique_all",
        "np.unique_counts",
        "np.unique_inverse",
        "np.unique_values",
        "np.weighted_cov",
    )
}
