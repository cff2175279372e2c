"""The precision that is asked for: whether a backend has it, and the program in it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from isthmus.errors import UsageError
from isthmus.graph.nodes import Graph, Node
from isthmus.graph.passes import expand, without_idle_nodes
from isthmus.rewrite.precision import Overrides, in_half
from isthmus.trace.tracing import Traced

from .backend import Backend
from .options import LOW, Options

__all__ = [
    "check_offered",
    "in_precision",
    "is_mostly_dense",
    "last_blocks",
    "offered",
    "placed",
    "with_weights",
]


def offered(backend: Backend, options: Options) -> tuple[str, ...]:
    """The precisions that a backend runs on its device on this machine; "f32" where it says none.

    >>> import isthmus as im
    >>> from isthmus.extend import Options
    >>> from isthmus.numpy_backend import NumpyBackend
    >>> from isthmus.program.precision import offered
    >>> offered(NumpyBackend(), Options())[0]
    'f32'
    """
    found = getattr(backend, "precisions", None)
    return ("f32",) if found is None else tuple(found(options))


def check_offered(backend: Backend, options: Options) -> None:
    """UsageError for a precision that the backend does not run here."""
    if options.precision == "f32":
        return
    known = offered(backend, options)
    if options.precision not in known:
        where = f"backend '{backend.name}'" + (f" on {options.device}" if options.device else "")
        raise UsageError(
            f"precision={options.precision!r}: {where} has no such arithmetic on this machine; "
            f"give {' or '.join(map(repr, known))}"
        )


def in_precision(
    traced: Traced,
    options: Options,
    samples: Sequence[Any],
    backend: Backend,
    *,
    as_file: bool = False,
) -> Traced:
    """The program with the weights and integers that the options ask for, for a backend.

    as_file: for the readers of a file that the backend writes, on any machine.
    """
    if options.precision == "int8":
        from .quantization import quantized_program  # which most programs do without

        return quantized_program(traced, samples, backend, options, as_file=as_file)
    return with_weights(traced, options)


def with_weights(traced: Traced, options: Options) -> Traced:
    """The program with its weights in the 8 bits that the options ask for, or as it is."""
    if options.weights is None:
        return traced
    from isthmus.rewrite.quantization import with_small_weights

    overrides = Overrides(options.overrides)
    overrides.check(traced.graph)
    graph = with_small_weights(traced.graph, overrides.stays)
    if graph is traced.graph:
        raise UsageError(
            "weights='int8' of a program without a convolution or matrix product of float32 by a "
            "constant weight that may go to integers; leave it out"
        )
    return replace(traced, graph=graph)


def last_blocks(traced: Traced) -> tuple[str, ...]:
    """The paths of the blocks whose products with constant weights no other such product follows.

    Empty where one of these is in no block, or in one with other products, and where there are no
    others: overrides by these paths then keep nothing, or too much, in float32.

    >>> import isthmus as im
    >>> from isthmus.program.precision import last_blocks
    >>> net = im.models.create("minilm-l6", seed=0)
    >>> last_blocks(im.trace(net, net.specs()))
    ('encoder.layer.5.output.dense',)
    """
    from isthmus.rewrite.quantization.places import hides_layers, last_of, layers

    graph = expand(traced.graph, hides_layers)
    found = layers(graph, lambda node: False)
    last = {id(layer.node) for layer in last_of(graph, found)}
    paths = {layer.node.block for layer in found if id(layer.node) in last}
    others = [layer.node.block for layer in found if id(layer.node) not in last]
    beside = any(f"{other}.".startswith(f"{path}.") for path in paths for other in others)
    return () if beside or "" in paths or not others else tuple(sorted(paths))


def is_mostly_dense(traced: Traced) -> bool:
    """Whether more of its products with constant weights are dense layers than convolutions, which
    have no integers by the ranges of each call.

    >>> import isthmus as im
    >>> from isthmus.program.precision import is_mostly_dense
    >>> nets = [im.models.create(name, seed=0) for name in ("minilm-l6", "resnet-18")]
    >>> [is_mostly_dense(im.trace(net, net.specs())) for net in nets]
    [True, False]
    """
    from isthmus.rewrite.quantization.places import hides_layers, layers

    found = layers(expand(traced.graph, hides_layers), lambda node: False)
    dense = sum(layer.channels == -1 for layer in found)
    return 2 * dense > len(found)


def placed(
    graph: Graph, backend: Backend | None, options: Options, keeps: Callable[[Node], bool]
) -> Graph:
    """The graph with the nodes that run in half precision, unless the backend places them itself.

    backend: None for a file, whose reader is not known. keeps: the composites that run whole.
    Raises UsageError for overrides that name nothing in the graph.
    """
    if options.precision not in LOW:
        return graph  # what is to be in integers was made so before
    overrides = Overrides(options.overrides)
    overrides.check(graph)
    places_itself = getattr(backend, "places_half", None)
    if places_itself is not None and places_itself(options):
        return graph
    return in_half(without_idle_nodes(graph), options.precision, overrides, keeps)
