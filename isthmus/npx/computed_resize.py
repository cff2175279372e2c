"""`resize` by numbers that a program computes: the sizes of the result depend on values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy

from isthmus import np
from isthmus.errors import UsageError
from isthmus.graph.dims import Dim, same
from isthmus.graph.nodes import Type
from isthmus.np import host_only
from isthmus.trace.array import Array
from isthmus.trace.op import primitive

from .resize import CROP, in_dtype, resize, weighted_in

__all__ = ["computed_resize"]


def _type(
    x: Type, wanted: Any, scale: Any, roi: Any, axis: int, options: Any, size: int | Dim
) -> Type:
    return Type(x.dtype, (*x.shape[:axis], size, *x.shape[axis + 1 :]))


@primitive(infer=_type, discovers=True, host_only=host_only.DISCOVERED)
def _resized_axis(
    x: Any,
    wanted: Any,
    scale: Any,
    roi: Any,
    /,
    axis: int,
    options: Any,
    size: Any = None,
) -> Any:
    """`resize` along one axis: to a wanted size, by a scale, of a part; each an array or None."""
    found = resize(
        x,
        sizes=None if wanted is None else (int(wanted),),
        scales=None if scale is None else (float(scale),),
        axes=(axis,),
        roi=None if roi is None else tuple(map(float, roi)),
        **dict(options),
    )
    return numpy.asarray(found)


def computed_resize(
    x: Any,
    *,
    sizes: Sequence[Any] | None = None,
    scales: Sequence[Any] | None = None,
    axes: Sequence[int],
    roi: Sequence[Any] | None = None,
    **options: Any,
) -> Any:
    """`resize`, of which sizes, scales and parts may be arrays without axes.

    An axis whose scale is known to be 1, or whose size is the one it has, stays as it is.
    """
    if sizes is None and scales is None:
        raise UsageError("neither sizes nor scales; give one of them")
    dtype, frozen, count = x.dtype, tuple(sorted(options.items())), len(axes)
    is_nearest = options.get("mode", "nearest") == "nearest"
    found = x if is_nearest else np.astype(x, weighted_in(dtype, options["mode"]), copy=False)
    for i, axis in enumerate(axes):
        wanted, scale = (None if one is None else one[i] for one in (sizes, scales))
        part = None
        if roi is not None and options.get("coordinates") == CROP:
            part = np.stack([_number(roi[i]), _number(roi[count + i])])
        elif _is_idle(wanted, scale, x.shape[axis]):
            continue
        wanted, scale = (None if one is None else _number(one) for one in (wanted, scale))
        found = _resized_axis(found, wanted, scale, part, axis % x.ndim, frozen)
    return found if is_nearest else in_dtype(found, dtype)


def _is_idle(wanted: Any, scale: Any, length: Any) -> bool:
    if scale is not None and (isinstance(scale, Array) or scale != 1):
        return False
    return wanted is None or (not isinstance(wanted, Array) and same(wanted, length))


def _number(value: Any) -> Any:
    whole = isinstance(value, Dim) or (isinstance(value, int) and not isinstance(value, bool))
    return np.asarray(value, numpy.int64 if whole else None)
