"""The operators of other packages that a saved program is made of, and whether they are here.

A file holds their names and no code. So that it cannot mean something else where it is read, it
also says which module has each, its version, and a fingerprint of its source, which is compared
where no version is stated.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from importlib.util import find_spec
from typing import Any

from isthmus.errors import UsageError
from isthmus.graph.nodes import Graph, Node, Result, topological
from isthmus.trace.op import OPERATORS, Op
from isthmus.trace.source import fingerprint

__all__ = ["check_operators", "described_operators", "foreign_operators"]

Facts = dict[str, str]  # "module", "version", "source"


def foreign_operators(graph: Graph) -> dict[str, Op[..., Any]]:
    """The operators that are not ours, by name."""
    return {op.name: op for op in _operators(graph.nodes()) if op.foreign}


def described_operators(graph: Graph) -> dict[str, Facts]:
    """The facts of each operator that is not ours, by name."""
    return {name: _facts(op) for name, op in foreign_operators(graph).items()}


def check_operators(written: Mapping[str, Facts]) -> None:
    """UsageError for an operator that is not defined here, or is another one than was saved."""
    for name, facts in written.items():
        op = OPERATORS.get(name)
        if op is None:
            raise UsageError(f"its operator '{name}' is not defined; {_remedy(facts['module'])}")
        here = _facts(op)
        if here["version"] != facts["version"]:
            raise UsageError(
                f"its operator '{name}' is of {_version(facts)}, and the one of {op.__module__} is "
                f"of {_version(here)}; install the version it was saved with, or save it again"
            )
        sources = {facts["source"], here["source"]} - {""}
        if not here["version"] and len(sources) > 1:
            raise UsageError(
                f"its operator '{name}' is not the one it was saved with: the source of "
                f"{op.__module__} has changed; save it again, and state version='...' in the "
                "operator's decorator to say what changes its meaning"
            )


def _operators(nodes: Iterable[Node]) -> Iterator[Any]:
    """The operators of nodes, of what composites are made of, and of bodies."""
    for node in nodes:
        yield node.op
        outside = {id(value.node) for value in node.needs if isinstance(value, Result)}
        yield from _operators(topological(node.expansion, outside))
        for body in node.bodies:
            yield from _operators(body.nodes())


def _facts(op: Op[..., Any]) -> Facts:
    return {"module": op.__module__, "version": op.version, "source": fingerprint(op.source)}


def _version(facts: Facts) -> str:
    return f"version '{facts['version']}'" if facts["version"] else "no version"


def _remedy(module: str) -> str:
    if module == "__main__":
        return "it was of a script or notebook: define it in a module, and import that in both"
    if find_spec(module.split(".")[0]) is None:
        return f"install the package that has the module {module}, and import it first"
    return f"import {module} first"
