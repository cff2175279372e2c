"""A program in integers of eight bits, settled on the user's samples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from isthmus.errors import UsageError
from isthmus.graph.nodes import Node
from isthmus.graph.passes import expand
from isthmus.rewrite.quantization.folding import folded
from isthmus.rewrite.quantization.inserting import Rules, quantized
from isthmus.rewrite.quantization.places import layers, observed, residual_sums
from isthmus.trace.tracing import Traced

from .backend import Backend
from .calibration import seen_in
from .options import Options

__all__ = ["quantized_program"]


def quantized_program(
    traced: Traced,
    samples: Sequence[Any],
    run: tuple[Backend, Options],
    overrides: Mapping[str, str] = {},
    rules: Rules = Rules(),  # noqa: B008
) -> Traced:
    """The program with its layers in integers.

    run: the backend that computes what is seen in the samples, with its options. overrides: as of
    `isthmus.compile`. Raises UsageError for samples that do not fit, and where there is nothing to
    compute in integers.
    """
    whole = expand(traced.graph, lambda node: not _hides_layers(node))
    graph = folded(whole)

    def stays(node: Node, weight: str) -> bool:
        return _asked(node, weight, overrides) == "f32"

    found = layers(graph, stays)
    if not found:
        raise UsageError(
            "precision='int8' of a program without a convolution or matrix product of float32 by a "
            "constant weight that may go to integers; give 'f32'"
        )
    wanted = list(observed(found, residual_sums(graph, found)))
    seen = seen_in(traced, graph, wanted, samples, run)
    return replace(traced, graph=quantized(graph, seen, stays, rules))


def _hides_layers(node: Node) -> bool:
    """Whether a composite that is no layer itself is made of some."""
    if node.op.weight_axis is not None or not node.expansion:
        return False
    inner = (value.node for value in node.expansion if hasattr(value, "node"))
    return any(_reaches_layer(one) for one in inner)


def _reaches_layer(node: Node) -> bool:
    return False


def _asked(node: Node, weight: str, overrides: Mapping[str, str]) -> str:
    """The precision of a layer: by the longest block that its weight is of, else by operator."""
    blocks = [path for path in overrides if weight == path or weight.startswith(f"{path}.")]
    if blocks:
        return overrides[max(blocks, key=len)]
    return overrides.get(node.op.name, "int8")
