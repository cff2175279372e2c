"""A program in integers of eight bits, settled on the user's samples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from isthmus import npx
from isthmus.errors import BackendMissing, UsageError
from isthmus.graph.nodes import Graph, Node, Value
from isthmus.graph.passes import expand
from isthmus.npx.convolution import biased_convolution
from isthmus.rewrite.precision import Overrides
from isthmus.rewrite.quantization.dynamic import dense_layers, dynamically_quantized
from isthmus.rewrite.quantization.folding import folded
from isthmus.rewrite.quantization.inserting import Rules, quantized
from isthmus.rewrite.quantization.integers import FULL, HALF, Statistics
from isthmus.rewrite.quantization.places import hides_layers, layers, observed, residual_sums
from isthmus.trace.tracing import Traced

from .backend import Backend, facts_of, find_backend
from .calibration import seen_in
from .options import Options, is_dynamic

__all__ = ["quantized_program"]


def quantized_program(
    traced: Traced,
    samples: Sequence[Any],
    backend: Backend,
    options: Options,
    *,
    as_file: bool = False,
    rules: Rules | None = None,
) -> Traced:
    """The program with its layers in integers, but for those that the overrides keep in float32.

    backend, options: who is to run it, and computes in float32 what is seen in the samples.
    as_file: any machine is to run it, by a file of the backend's.
    Raises UsageError for samples and overrides that do not fit, and where there is nothing to
    compute in integers.
    """
    overrides = Overrides(options.overrides)
    overrides.check(traced.graph)

    def stays(node: Node) -> bool:
        return overrides.stays(_as_written(node))

    def largest(node: Node) -> int:
        saturates = getattr(backend, "saturates", None)
        known = None if as_file else options
        return HALF if saturates is not None and saturates(node, known) else FULL

    graph = folded(expand(traced.graph, lambda node: stays(node) or not hides_layers(node)))
    if is_dynamic(options.extra):
        if not dense_layers(graph, stays):
            raise _nothing("a matrix product", "leave out levers, or give 'f32'")
        return replace(traced, graph=dynamically_quantized(graph, stays, largest))
    found = layers(graph, stays)
    if not found:
        raise _nothing("a convolution or matrix product", "give 'f32'")
    wanted = list(observed(found, residual_sums(graph, found, stays)))
    asked = replace(options, precision="f32", overrides={}, weights=None)
    seen = _seen(traced, graph, wanted, samples, backend, asked, as_file)
    chosen = Rules(largest=largest) if rules is None else rules
    return replace(traced, graph=quantized(graph, seen, stays, chosen))


def _nothing(products: str, step: str) -> UsageError:
    return UsageError(
        f"precision='int8' of a program without {products} of float32 by a constant weight that "
        f"may go to integers; {step}"
    )


def _seen(
    traced: Traced,
    graph: Graph,
    wanted: Sequence[tuple[Value, int]],
    samples: Sequence[Any],
    backend: Backend,
    options: Options,
    as_file: bool,
) -> dict[int, Statistics]:
    """What is seen in the samples by the backend; by NumPy for a file whose runtime is not here."""

    def by(backend: Backend, options: Options) -> dict[int, Statistics]:
        return seen_in(traced, graph, wanted, samples, backend, options)

    if not as_file:
        return by(backend, options)
    try:
        return by(backend, replace(options, device=facts_of(backend).devices[0]))
    except BackendMissing:
        return by(find_backend("numpy"), options)


def _as_written(node: Node) -> Node:
    """The node with the operator that the user knows, for overrides."""
    if node.op is not biased_convolution:
        return node
    return Node(npx.convolution, (), {}, block=node.block)
