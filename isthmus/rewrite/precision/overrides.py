"""What users say of operators and blocks: what stays in float32, and what goes low after all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from isthmus.errors import UsageError
from isthmus.graph.nodes import Graph, Node
from isthmus.graph.operator import FULL

__all__ = ["LOWERED", "Overrides"]

LOWERED = "lowered"  # in half precision whatever the operator says


class Overrides:
    """A precision by an operator's name or a block's path; "f32" is what stays.

    Of the paths that a node is in the longest decides. A node of a block that stays does; of others
    the operator's name decides, and without one the operator's own fact.

    >>> import isthmus as im
    >>> from isthmus.rewrite.precision import Overrides
    >>> (node,) = im.trace(im.np.exp, im.spec("float32", ["n"])).graph.nodes()
    >>> Overrides({"np.exp": "bf16"}).decision(node), Overrides({}).decision(node)
    ('lowered', 'full')
    """

    def __init__(self, given: Mapping[str, str]) -> None:
        self.given = given

    def decision(self, node: Node) -> str:
        """LOW, FULL, FOLLOWS or PARTS as the operator says, FULL or LOWERED as the user does."""
        if not self.given:
            return node.op.precision
        if self.stays(node):
            return FULL
        return LOWERED if node.op.name in self.given else node.op.precision

    def stays(self, node: Node) -> bool:
        """Whether the user says "f32" of the node, by its operator or its block."""
        return self._of_block(node.block) == "f32" or self.given.get(node.op.name) == "f32"

    def check(self, graph: Graph) -> None:
        """UsageError for a name that no node of the graph has."""
        if not self.given:
            return
        operators, blocks = set[str](), set[str]()
        for node in _inside(graph.nodes()):
            operators.add(node.op.name)
            blocks.update(_paths(node.block))
        for name in self.given:
            if name not in operators | blocks:
                raise UsageError(_unknown(name, sorted(operators | blocks)))

    def _of_block(self, path: str) -> str | None:
        found = (self.given[each] for each in _paths(path) if each in self.given)
        return next(found, None)


def _inside(nodes: Iterable[Node]) -> Iterable[Node]:
    """The nodes, those of the bodies they run, and those that composites are made of."""
    waiting, done = list(nodes), set[int]()
    while waiting:
        node = waiting.pop()
        if id(node) in done:
            continue
        done.add(id(node))
        yield node
        for body in node.bodies:
            waiting += body.nodes()
        waiting += Graph((), node.expansion, ()).nodes() if node.expansion else []


def _paths(path: str) -> list[str]:
    """A path and those of the blocks around it, the longest first."""
    parts = path.split(".") if path else []
    return [".".join(parts[:count]) for count in range(len(parts), 0, -1)]


def _unknown(name: str, known: list[str]) -> str:
    import difflib

    near = difflib.get_close_matches(name, known, 1)
    nearest = f"the nearest is {near[0]!r}" if near else f"there are {', '.join(known[:8])}"
    return f"overrides: the program has no operator or block {name!r}; {nearest}"
