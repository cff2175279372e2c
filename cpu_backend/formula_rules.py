"""Rules made of other rules: functions that OpenVINO lacks, through `isthmus.rewrite.formulas`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from openvino import opset16 as ov

from isthmus.rewrite import formulas

from .builder import Output, Site
from .rules import Rule, keeping_nan

__all__ = ["round", "same", "skipping_nan", "square", "written"]


def written(formula: Callable[..., Any]) -> Rule:
    """A rule that lowers the operations of a formula in the operator's place."""

    def rule(site: Site, *operands: Output) -> Output:
        build = site.build
        graph = formulas.graph_of(formula, site.types, site.attributes)
        build.known.update(zip(map(id, graph.inputs), operands, strict=True))
        for node in graph.nodes():
            inner = [None if v is None else build.output(v) for v in node.operands]
            lowered = build.rules[node.op](Site(build, node, site.numerics), *inner)
            build.known[id(node.results[0])] = lowered
        return build.output(graph.outputs[0])

    return rule


def same(site: Site, x: Output) -> Output:
    return x


def square(site: Site, x: Output) -> Output:
    return ov.multiply(x, x)


def round(site: Site, x: Output) -> Output:
    """To whole numbers by OpenVINO, to other decimals by the formula."""
    if site.attributes["decimals"]:
        return written(formulas.round)(site, x)
    return ov.round(x, mode="half_to_even")


def skipping_nan(function: Callable[..., Any], formula: Callable[..., Any]) -> Rule:
    """fmax or fmin; of integers, which have no NaN, the maximum or minimum."""

    def rule(site: Site, x: Output, y: Output) -> Output:
        if site.type.dtype.kind != "f":
            return keeping_nan(function)(site, x, y)
        return written(formula)(site, x, y)

    return rule
