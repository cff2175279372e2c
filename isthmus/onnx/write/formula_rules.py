"""Rules made of other rules: functions that ONNX lacks, or CUDA, through `isthmus.formulas`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from isthmus.rewrite import formulas

from .rules import Rule, onnx, same

if TYPE_CHECKING:
    from .builder import Site

__all__ = ["round", "written"]


def written(formula: Callable[..., Any]) -> Rule:
    """A rule that emits the operations of a formula in the operator's place."""

    def rule(site: Site, *operands: str) -> str:
        build = site.build
        types = [site.operand_type(i) for i in range(len(operands))]
        graph = formulas.graph_of(formula, types, site.attributes)
        build.names.update(zip(map(id, graph.inputs), operands, strict=True))
        for node in graph.nodes():
            inner = [build.value(value) for value in node.operands]
            build.names[id(node.results[0])] = build.rules[node.op](type(site)(build, node), *inner)
        return build.value(graph.outputs[0])

    return rule


def round(site: Site, x: str) -> str:
    """To whole numbers by ONNX, to other decimals by the formula; integers are whole."""
    if site.type.dtype.kind != "f":
        return same(site, x)
    rule = written(formulas.round) if site.attributes["decimals"] else onnx("Round")
    return rule(site, x)
