"""The transpose of a convolution, which makes images larger. Weights are [inputs, outputs, ...]."""

from __future__ import annotations

from typing import Any

import numpy

from isthmus import np
from isthmus.errors import DimensionError, UsageError
from isthmus.graph.dims import Dim, equal
from isthmus.graph.nodes import Node, Type
from isthmus.graph.operator import LOW
from isthmus.graph.shapes import product
from isthmus.trace.op import primitive

from .convolution import check_arrays, convolution, weight_gradient, window_of
from .precision import in_float32
from .windows import Pair, along, padding_of, steps_of, taps

__all__ = ["conv_transpose", "spread_size"]


def spread_size(
    size: int | Dim, window: int, stride: int, padding: Pair, more: int, dilation: int = 1
) -> int | Dim:
    """(size - 1) * stride + (window - 1) * dilation + 1 - padding + more."""
    return (size - 1) * stride + (window - 1) * dilation + 1 - sum(padding) + more


def _type(
    x: Type, w: Type, strides: Any, padding: Any, output_padding: Any, dilation: Any, groups: int
) -> Type:
    check_arrays(x, w, "[C, O/groups, h, w]")
    if groups < 1:
        raise UsageError(f"groups={groups!r}: give a number from 1")
    if not equal(w.shape[0], x.shape[1]) or w.shape[0] % groups:
        raise DimensionError(
            f"{x.shape[1]} channels, {groups} groups and weight {w.shape} do not fit: "
            "weight is [C, O/groups, h, w] with C divisible by groups"
        )
    sizes = _sizes(x, w, strides, padding, output_padding, dilation)
    for have, found in zip(x.shape[2:], sizes, strict=True):
        if (isinstance(have, int) and have < 1) or (isinstance(found, int) and found < 1):
            raise DimensionError(
                f"x {x.shape} becomes {found} elements along an axis; give less padding"
            )
    return Type(x.dtype, (x.shape[0], w.shape[1] * groups, *sizes))


def _sizes(
    x: Type, w: Type, strides: Any, padding: Any, output_padding: Any, dilation: Any
) -> list[int | Dim]:
    axes = x.ndim - 2
    steps, gaps = steps_of(strides, "strides", axes), steps_of(dilation, "dilation", axes)
    more = along(output_padding, "output_padding", axes)
    for extra, step, gap in zip(more, steps, gaps, strict=True):
        if not 0 <= extra < max(step, gap):
            raise UsageError(
                f"output_padding={output_padding!r}: give numbers from 0, below the stride "
                f"{step} or the dilation {gap}"
            )
    facts = zip(
        x.shape[2:], window_of(w), steps, padding_of(padding, axes), more, gaps, strict=True
    )
    return [spread_size(*fact) for fact in facts]


def _needs(node: Node) -> list[tuple[int | Dim, str]]:
    """That x has elements along each axis, and that padding leaves some."""
    x, w = (value.type for value in node.operands if value is not None)
    facts = {name: value for name, value in node.attributes.items() if name != "groups"}
    left = [(size - 1, "the padding must leave elements") for size in _sizes(x, w, **facts)]
    return [*left, *((size - 1, "an image must have elements") for size in x.shape[2:])]


def _operations(operands: Any, results: Any, attributes: Any) -> Any:
    """One multiplication and one addition for each element, output channel and window position."""
    return 2 * product(operands[0].shape) * product(operands[1].shape[1:])


def _gradient(
    g: Any,
    y: Any,
    x: Any,
    weight: Any,
    strides: Any,
    padding: Any,
    output_padding: Any,
    dilation: Any,
    groups: int,
) -> tuple[Any, Any]:
    axes = x.ndim - 2
    facts = (padding_of(padding, axes), along(strides, "strides", axes))
    gaps = along(dilation, "dilation", axes)
    of_x = convolution(g, weight, strides=facts[1], padding=facts[0], dilation=gaps, groups=groups)
    of_x = np.getitem(of_x, (..., *(slice(0, size) for size in x.shape[2:])))
    return of_x, weight_gradient(x, g, weight, *facts, gaps, groups)


@primitive(
    infer=_type,
    operations=_operations,
    needs=_needs,
    vjp=_gradient,
    may_raise=False,
    checked=True,
    precision=LOW,
)
@in_float32
def conv_transpose(
    x: Any,
    weight: Any,
    /,
    *,
    strides: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Any:
    """y[n, o, i*s + a*d, j*s + b*d] = sum of x[n, c, i, j] * weight[c, o, a, b], then cut.

    x: [N, C, H, W], weight: [C, O/groups, h, w] -> [N, O, H', W'], float, of one dtype; H' =
    (H - 1) * s + (h - 1) * d + 1 - padding + output_padding. strides s, dilation d, padding: as of
    `convolution`, whose gradient by x it is; padding is what is cut off. output_padding: an int or
    (height, width), below the stride or the dilation: how much more is kept at the end. Or all of
    it with one axis, or three, in place of those two. Raises UsageError for other axes, dtypes or
    options, DimensionError if channels do not fit or padding leaves nothing. float16 is summed in
    float32. As ONNX's ConvTranspose, without bias.

    >>> from isthmus import np, npx
    >>> x, weight = np.reshape(np.arange(4.0), (1, 1, 2, 2)), np.ones((1, 1, 2, 2))
    >>> npx.conv_transpose(x, weight, strides=2)
    array([[[[0., 0., 1., 1.],
             [0., 0., 1., 1.],
             [2., 2., 3., 3.],
             [2., 2., 3., 3.]]]])
    """
    axes = x.ndim - 2
    steps, gaps = along(strides, "strides", axes), along(dilation, "dilation", axes)
    more, sides = along(output_padding, "output_padding", axes), padding_of(padding, axes)
    window = weight.shape[2:]
    columns = _columns(x, weight, groups)
    whole = [spread_size(*fact) for fact in zip(
        x.shape[2:], window, steps, ((0, 0),) * axes, (0,) * axes, gaps, strict=True)]  # fmt: skip
    after = [extra - end for extra, (_, end) in zip(more, sides, strict=True)]
    room = [size + max(extra, 0) for size, extra in zip(whole, after, strict=True)]
    result = numpy.zeros((*columns.shape[:2], *room), x.dtype)
    touched = result[(slice(None), slice(None), *map(slice, whole))]
    for position, view in enumerate(taps(touched, window, steps, gaps)):
        view += columns[:, :, position]
    ends = [size + extra for size, extra in zip(whole, after, strict=True)]
    kept = (slice(begin, end) for (begin, _), end in zip(sides, ends, strict=True))
    return numpy.ascontiguousarray(result[(slice(None), slice(None), *kept)])


def _columns(x: Any, weight: Any, groups: int) -> Any:
    """[N, O, positions in the window, *sizes]: what each element adds at each position."""
    (n, c, *sizes), (_, outputs, *window) = x.shape, weight.shape
    positions, elements = int(numpy.prod(window)), int(numpy.prod(sizes))
    factors = weight.reshape(groups, c // groups, outputs * positions).transpose(0, 2, 1)
    found = numpy.matmul(factors, x.reshape(n, groups, c // groups, elements))
    return found.reshape(n, groups * outputs, positions, *sizes)
