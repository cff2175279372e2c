"""Dense layers of integers as convolutions of one pixel, where their own kernel has none.

Without VNNI or AMX the plugin (2026.4) multiplies dense layers of bytes by a kernel that is slower
than that of float32, and convolutions by one that is twice as fast. Rows are pixels of one image
whose channels are innermost in memory, as that kernel wants them, so that no number moves.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy

from isthmus import np, npx
from isthmus.graph.nodes import Constant, Graph, Node, Result, Type, Value
from isthmus.graph.passes import Known
from isthmus.npx.convolution import biased_convolution
from isthmus.rewrite.rerecorded import rerecorded
from isthmus.trace.array import Array
from isthmus.trace.op import OPERATORS

from .saturation import dequantized, saturates

__all__ = ["with_rows_as_images"]

DENSE = (np.matmul, npx.fully_connected)
DEQUANTIZE = OPERATORS["npx.dequantize"]
FEWEST = 2**14  # weights; of smaller layers the kernel for rows may be the quicker one


def with_rows_as_images(graph: Graph) -> Graph:
    """The graph with its larger dense layers of integers as convolutions, if that is quicker here.

    The integers are the same, and so are their sums.
    """
    if not any(_is_dense(node) and saturates(node) for node in graph.nodes()):
        return graph
    work = _Rewriting()
    return rerecorded(graph, work.known, work.made, graph.constant_names)


@dataclass
class _Rewriting:
    known: Known = field(default_factory=dict)
    images: dict[int, Any] = field(default_factory=dict)  # id of the rows -> their image

    def made(self, node: Node) -> Any:
        return self._convolved(node) if _is_dense(node) else None

    def _convolved(self, node: Node) -> Any:
        x, weight, *bias = node.operands
        assert x is not None and isinstance(weight, Result)
        image, kernel = self._image(x), _kernel(node, weight.node)
        if bias and bias[0] is not None:
            pixels = biased_convolution(image, kernel, self._new(bias[0]))
        else:
            pixels = npx.convolution(image, kernel)
        return np.reshape(np.permute_dims(pixels, (0, 2, 3, 1)), node.results[0].type.shape)

    def _image(self, x: Value) -> Any:
        """[..., C] as [1, C, 1, rows], once for all layers that read it."""
        if id(x) not in self.images:
            rows = np.reshape(self._new(x), (1, 1, -1, x.type.shape[-1]))
            self.images[id(x)] = np.permute_dims(rows, (0, 3, 1, 2))
        return self.images[id(x)]

    def _new(self, value: Value) -> Any:
        return Array(self.known.get(id(value), value))


def _is_dense(node: Node) -> bool:
    """Whether a layer multiplies rows of integers by a table of integers that is large enough."""
    if node.op not in DENSE or node.operands[0] is None or node.operands[0].type.ndim < 2:
        return False
    x, weight = map(dequantized, node.operands[:2])
    if x is None or weight is None or x.attributes["axis"] is not None:
        return False
    q, _, zero = weight.operands
    if not isinstance(q, Constant) or q.array.ndim != 2 or zero is not None:
        return False
    along = weight.attributes["axis"]
    return q.array.size >= FEWEST and along in (None, _outputs(node))


def _outputs(node: Node) -> int:
    """The axis of a table that has a place for each sum."""
    return 0 if node.op is npx.fully_connected else 1


def _kernel(node: Node, weight: Node) -> Any:
    """The table as [O, I, 1, 1], in the memory that it has where it is [O, I]."""
    q, scale, _ = weight.operands
    assert isinstance(q, Constant) and scale is not None
    table = q.array if _outputs(node) == 0 else numpy.ascontiguousarray(q.array.T)
    pixels = table.reshape(*table.shape, 1, 1)
    axis = None if weight.attributes["axis"] is None else 0
    kept = Array(Constant(Type(pixels.dtype, pixels.shape), pixels))
    return npx.dequantize(kept, Array(scale), axis=axis)
