"""Rules of branches and loops: bodies become graphs inside the model, which read from outside."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy

from isthmus.graph.bodies import stepping
from isthmus.graph.dims import Dim
from isthmus.graph.nodes import Type

if TYPE_CHECKING:
    from .builder import Site

__all__ = ["cond", "foreach", "while_loop"]

Names = tuple[str, ...]


def cond(site: Site, predicate: str, *given: str) -> Names:
    then, otherwise = (
        site.build.body(site.attributes[key], given) for key in ("then", "otherwise")
    )
    count = len(site.node.results)
    found = site.build.ops("If", [predicate], count, then_branch=then, else_branch=otherwise)
    return tuple(found)


def while_loop(site: Site, *operands: str) -> Names:
    """Loop: the states first, in its operands and its results; the condition beside them."""
    attributes, count = site.attributes, site.attributes["variables"]
    (first,) = site.build.inlined(attributes["condition"], site.operands)
    limit = "" if attributes["limit"] is None else site.literal(attributes["limit"])
    whole = stepping(attributes["condition"], attributes["body"], count)
    site.build.kept.append(whole)
    body = site.build.body(whole, operands[count:], _OF_A_STEP)
    given = [limit, first, *operands[:count]]
    found = site.build.ops("Loop", given, len(site.node.results), body=body)
    rows = zip(found[count:], site.node.results, strict=False)
    return (*(_as_rows(site, name, result.type) for name, result in rows), *found[:count])


def _as_rows(site: Site, name: str, of: Type) -> str:
    """What is stacked; of no steps the runtime takes the sizes it does not know for 0.

    A Reshape would not do: the runtime replaces computed sizes in it by -1.
    """
    if not any(isinstance(size, Dim) for size in of.shape[1:]):
        return name
    sizes = [site.literal([0]), *map(site.build.sizes.one, of.shape[1:])]
    shape, zero = site.op("Concat", *sizes, axis=0), site.literal(0, of.dtype)
    count = site.op("Gather", site.op("Shape", name), site.literal(0))
    return site.op(
        "If",
        site.op("Equal", count, site.literal(0)),
        then_branch=site.build.branch(lambda: site.op("Expand", zero, shape), of),
        else_branch=site.build.branch(lambda: site.op("Identity", name), of),
    )


_OF_A_STEP = {"step": Type(numpy.dtype(numpy.int64)), "go": Type(numpy.dtype(numpy.bool_))}


def foreach(site: Site, *operands: str) -> Names:
    """Scan: the states, then the data, in its operands; the states, then the outputs."""
    sliced, count = site.attributes["sliced"], site.attributes["states"]
    end = sliced + count
    body = site.build.body(site.attributes["body"], operands[end:])
    inputs = list(body.input)
    del body.input[:]
    body.input.extend([*inputs[sliced:], *inputs[:sliced]])
    given = [*operands[sliced:end], *operands[:sliced]]
    found = site.build.ops("Scan", given, len(site.node.results), body=body, num_scan_inputs=sliced)
    return (*found[count:], *found[:count])
