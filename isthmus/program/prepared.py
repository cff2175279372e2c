"""A traced graph as a backend takes it: expanded, formulas made whole, without idle nodes."""

from __future__ import annotations

from isthmus.graph.nodes import Graph, Node
from isthmus.graph.passes import expand, without_idle_nodes

from .backend import Backend
from .options import Options
from .precision import placed

__all__ = ["prepared"]


def prepared(graph: Graph, backend: Backend, options: Options, *, to_file: bool = False) -> Graph:
    """The graph of primitives, and of the composites that the backend computes whole; those that
    are written as formulas as well; with casts where half precision begins and ends.

    to_file: for a file, whose reader may not place half precision itself.

    >>> import isthmus as im
    >>> from isthmus.extend import Options
    >>> from isthmus.program.backend import find_backend
    >>> from isthmus.program.prepared import prepared
    >>> graph = im.trace(lambda x: x / (1 + im.np.exp(-x)), im.spec("float32", ["n"])).graph
    >>> [node.op for node in prepared(graph, find_backend("cpu"), Options()).nodes()]
    [npx.silu]
    """

    def keeps(node: Node) -> bool:
        return backend.fuses(node, options) and backend.refuses(node, options) is None

    halved = placed(graph, None if to_file else backend, options, keeps)
    whole = without_idle_nodes(expand(halved, keeps))
    agrees = getattr(backend, "agrees", None)
    if agrees is not None:
        from isthmus.rewrite.canonical.rewriting import Kernels, canonical

        kernels = Kernels(keeps, lambda node: bool(agrees(node)), options.numerics == "fast")
        whole = canonical(whole, kernels)
    if getattr(backend, "scales_apart", False):
        from isthmus.rewrite.canonical.folding import folded

        whole = folded(whole, lambda node: keeps(node) or _is_taken(node, backend, options))
    return whole


def _is_taken(node: Node, backend: Backend, options: Options) -> bool:
    return not node.expansion and backend.refuses(node, options) is None
