"""Graphs: their order is linear and without recursion, and a wrong type is found."""

from __future__ import annotations

from typing import Any

import numpy
import pytest

from isthmus import np, npx
from isthmus.errors import UsageError
from isthmus.graph.nodes import Graph, Input, Node, Result, Type, topological
from isthmus.graph.passes import expand
from isthmus.graph.size_text import parse
from isthmus.program.compiling import compile
from isthmus.program.partition import partition
from isthmus.trace.array import Array
from isthmus.trace.recording import as_value
from isthmus.trace.tracing import spec, trace

F32 = numpy.dtype("float32")


def chain(length: int) -> Graph:
    """x + 1 + 1 + ...: a graph as deep as it is long."""

    def function(x: Any) -> Any:
        for _ in range(length):
            x = x + 1
        return x

    return trace(function, spec("float32", [2])).graph


def test_operands_come_first() -> None:
    def function(x: Any, y: Any) -> Any:
        a = x + y
        b = np.exp(a) * a
        return b, np.sum(b) + np.sum(x)

    graph = trace(function, (spec("float32", [2]),) * 2).graph
    seen: set[int] = set()
    for node in graph.nodes():
        assert all(id(v.node) in seen for v in node.operands if isinstance(v, Result))
        seen.add(id(node))
    assert len(seen) == len(graph.nodes()) == 6


def test_order_is_iterative() -> None:
    """That its work is linear is tested in `test_scaling`."""
    assert len(chain(10_000).nodes()) == 10_000


def test_paths_that_meet_again_are_visited_once() -> None:
    def doubled(x: Any) -> Any:
        for _ in range(200):
            x = x + x
        return x

    assert len(trace(doubled, spec("float32")).graph.nodes()) == 200


def test_deep_graphs_pass_every_pass() -> None:
    graph = chain(5_000)
    graph.verify()
    assert len(expand(graph, keep=lambda node: False).nodes()) == 5_000
    (segment,) = partition(graph, lambda node: None)
    assert len(segment.graph.nodes()) == 5_000
    alternating = partition(graph, lambda node: "odd" if _position(node) % 2 else None)
    assert sum(len(part.graph.nodes()) for part in alternating) == 5_000


def _position(node: Node) -> int:
    return id(node) // 64 % 2


def test_deep_composites_expand_without_recursion() -> None:
    def function(x: Any) -> Any:
        for _ in range(2_000):
            x = npx.relu(x)
        return x

    graph = trace(function, spec("float32", [2])).graph
    assert [node.op for node in expand(graph, keep=lambda node: False).nodes()] == [
        np.maximum
    ] * 2000
    assert len(expand(graph, keep=lambda node: True).nodes()) == 2000


def test_deep_graph_runs(device_backend: dict[str, Any]) -> None:
    def function(x: Any) -> Any:
        for _ in range(1_000):
            x = x + 1
        return x

    run = compile(function, spec("float32", [2]), **device_backend)
    numpy.testing.assert_array_equal(run(numpy.zeros(2, numpy.float32)), [1000, 1000])


def test_known_nodes_are_left_out() -> None:
    graph = chain(5)
    nodes = graph.nodes()
    assert topological(graph.outputs, {id(nodes[2])}) == nodes[3:]


def test_an_array_is_one_constant_however_often_it_is_used() -> None:
    table = numpy.ones(2, numpy.float32)
    graph = trace(lambda x: (x * table) + table, spec("float32", [2])).graph
    assert [c.array.tolist() for c in graph.constants()] == [[1, 1]]


def test_names_of_sizes_in_order() -> None:
    specs = (spec("float32", ["b", 3]), spec("float32", ["2*s + a", "b"]))
    assert trace(lambda x, y: (x, y), specs).graph.dimension_names() == ["b", "a", "s"]


# Verification


def test_a_graph_that_was_traced_is_right() -> None:
    graph = trace(lambda x: npx.softmax(x @ x) + x[0], spec("float32", [3, 3])).graph
    graph.verify()
    assert [str(value.type) for value in graph.outputs] == ["float32[3, 3]"]


@pytest.mark.parametrize(
    "planted",
    [Type(F32, (3,)), Type(numpy.dtype("int32"), (2,)), Type(F32, (parse("n"),)), Type(F32, ())],
)
def test_a_planted_wrong_type_is_found(planted: Type) -> None:
    graph = trace(np.tanh, spec("float32", [2])).graph
    (node,) = graph.nodes()
    node.results = (Result(planted, node, 0),)
    wrong = Graph(graph.inputs, node.results, ("output",))
    with pytest.raises(UsageError, match=r"np.tanh\(float32\[2\]\): has type .* is inferred"):
        wrong.verify()


def test_a_foreign_input_is_found() -> None:
    graph = trace(lambda x, y: x + y, (spec("float32"),) * 2).graph
    with pytest.raises(UsageError, match="uses 'y', which is no input of the graph"):
        Graph(graph.inputs[:1], graph.outputs, graph.output_names).verify()


def test_wrong_graphs_are_found_inside_an_expansion_too() -> None:
    x = Input(Type(F32, (2,)), "x")
    relu = as_value(npx.relu(Array(x)))
    assert isinstance(relu, Result)
    relu.node.results = (Result(Type(F32, (9,)), relu.node, 0),)
    with pytest.raises(UsageError, match=r"npx\.relu"):
        Graph((x,), relu.node.results, ("y",)).verify()


# Copies


def test_a_copied_composite_expands_to_its_own_operands() -> None:
    graph = trace(lambda x: npx.gelu(npx.silu(x) + 1), spec("float32", [2])).graph
    (segment,) = partition(graph, lambda node: None)
    assert any(node.expansion for node in segment.graph.nodes())
    expanded = expand(segment.graph, keep=lambda node: False)
    expanded.verify()
    assert not any(node.expansion for node in expanded.nodes())


def test_types_are_written_as_numpy_says_them() -> None:
    assert str(Type(F32, (2, parse("n")))) == "float32[2, n]"
    assert Type(F32, (2,)).is_static and not Type(F32, (parse("n"),)).is_static
