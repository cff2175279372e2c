"""Rules of branches and loops: bodies become graphs inside the model, which read from outside."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy

from isthmus.graph import Type
from isthmus.subgraph import stepping

if TYPE_CHECKING:
    from .builder import Site

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
    return (*found[count:], *found[:count])


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
