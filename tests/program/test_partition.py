"""Cuts: what a backend does not compute as NumPy does runs on the host, and nothing else does."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from isthmus import np, npx
from isthmus.errors import UsageError
from isthmus.graph.interpreter import Reference
from isthmus.graph.nodes import Graph, Node, Result
from isthmus.program.compiling import compile
from isthmus.program.partition import Segment, partition
from isthmus.trace.op import OPERATORS, Op, composite, primitive
from isthmus.trace.tracing import spec, trace

X = numpy.linspace(-2, 2, 12, dtype=numpy.float32).reshape(3, 4)


# Mixed programs equal NumPy


def wide(x: Any) -> Any:
    """float64 in the middle."""
    y = np.tanh(x)
    z = np.exp(y.astype("float64") * 1e-3)
    return (np.sum(z, axis=1) - 4.0).astype("float32") * y[:, 0], z


def counted(x: Any) -> Any:
    """int64 in the middle, beyond what float32 and int32 hold."""
    big = np.argmax(x, axis=1) * (2**40 + 1)
    return x + (big % 7).astype("float32")[:, None], big


def divided(x: Any) -> Any:
    """Integer division, which runtimes do through float32."""
    i = (x * 1e8).astype("int32")
    return i // 7, x * 2, (i % 7).astype("float32") + x


def interleaved(x: Any) -> Any:
    """Host and backend by turns, with values that skip a segment."""
    first = np.exp(x)
    for _ in range(3):
        x = np.tanh(x) + (x // 0.5) * 0.1
    return x + first


PROGRAMS = [wide, counted, divided, interleaved]


@pytest.mark.parametrize("size", [3, "n"], ids=["static", "named"])
@pytest.mark.parametrize("function", PROGRAMS)
def test_mixed_programs_equal_numpy(
    function: Any, size: int | str, device_backend: dict[str, Any]
) -> None:
    run = compile(function, spec("float32", [size, 4]), **device_backend)
    found, wanted = run(X), function(X)
    for left, right in zip(_listed(found), _listed(wanted), strict=True):
        assert left.dtype == right.dtype
        numpy.testing.assert_allclose(left, right, rtol=1e-5, atol=1e-6)


def _listed(outcome: Any) -> list[Any]:
    return list(outcome) if isinstance(outcome, tuple) else [outcome]


def test_sizes_that_no_operand_shows_cross_a_cut(device_backend: dict[str, Any]) -> None:
    def function(x: Any) -> Any:
        total = np.sum(x.astype("float64")).astype("float32")
        return np.full((x.shape[0], 2), 1, "float32") * total

    run = compile(function, spec("float32", ["n", 4]), **device_backend)
    for n in (1, 3):
        numpy.testing.assert_allclose(run(X[:n]), function(X[:n]), atol=1e-6)


def test_deep_learning_in_float32_is_one_segment(device_backend: dict[str, Any]) -> None:
    def function(x: Any) -> Any:
        y = npx.layer_norm(
            npx.gelu(x @ np.permute_dims(X)), numpy.ones(3, "f"), numpy.zeros(3, "f")
        )
        return npx.softmax(y) + np.clip(y, 0, 1)

    run = compile(function, spec("float32", ["n", 4]), **device_backend, on_host="error")
    assert [segment.on_host for segment in run.segments] == [False]
    assert not any(segment.reasons for segment in run.segments)


# Cuts


def segments_of(function: Any, hosted: set[Any], shape: Any = (3, 4)) -> list[Segment]:
    """The segments when the operators of a set are the host's."""
    graph = trace(function, spec("float32", shape)).graph
    return partition(graph, lambda node: "said so" if node.op in hosted else None)


def names_of(segment: Segment) -> set[str]:
    return {node.op.name for node in segment.graph.nodes()}


def test_segments_are_maximal() -> None:
    def function(x: Any) -> Any:
        left = np.exp(np.sin(np.tanh(x)))
        right = np.exp(np.sin(np.cos(x)))
        return left + right

    parts = segments_of(function, {np.sin})
    assert [part.on_host for part in parts] == [False, True, False]
    assert [names_of(part) for part in parts] == [
        {"np.tanh", "np.cos"}, {"np.sin"}, {"np.exp", "np.add"},
    ]  # fmt: skip


def test_nodes_that_can_wait_join_a_later_segment() -> None:
    def function(x: Any) -> Any:
        return np.tanh(np.sin(np.exp(x))) + np.abs(x)

    parts = segments_of(function, {np.sin})
    assert names_of(parts[-1]) == {"np.tanh", "np.abs", "np.add"}


def test_all_on_one_side() -> None:
    function = lambda x: np.sin(np.sin(x))  # noqa: E731
    assert [part.on_host for part in segments_of(function, set())] == [False]
    assert [part.on_host for part in segments_of(function, {np.sin})] == [True]
    assert segments_of(lambda x: x, set()) == []


def test_reasons_are_said_once() -> None:
    parts = segments_of(lambda x: np.sin(np.sin(x)), {np.sin})
    assert parts[0].reasons == ("np.sin: said so",)


@given(st.lists(st.tuples(st.integers(0, 99), st.integers(0, 99), st.booleans()), max_size=25))
def test_any_cut_keeps_order_and_meaning(steps: list[tuple[int, int, bool]]) -> None:
    """Segments partition the nodes, alternate, and read only what is known before them."""

    def function(x: Any) -> Any:
        values = [x]
        for left, right, hosted in steps:
            a, b = values[left % len(values)], values[right % len(values)]
            values.append(np.minimum(a, b + 1) if hosted else a + b * 0.5)
        return values[-1], values[len(values) // 2]

    graph = trace(function, spec("float32", [2])).graph
    parts = partition(graph, lambda node: "min" if node.op is np.minimum else None)
    check_order(graph, parts)
    x = numpy.ones(2, numpy.float32)
    known = {id(value): x for value in graph.inputs}
    for part in parts:
        outputs = Reference(part.graph)([known[id(v)] for v in part.reads], {})
        known.update(zip(map(id, part.writes), outputs, strict=True))
    for value, wanted in zip(graph.outputs, function(x), strict=True):
        numpy.testing.assert_allclose(known[id(value)], wanted)


def check_order(graph: Graph, parts: list[Segment]) -> None:
    assert sum(len(part.graph.nodes()) for part in parts) == len(graph.nodes())
    known = set(map(id, graph.inputs))
    for part in parts:
        assert {id(v) for v in part.reads} <= known
        assert all(part.on_host == (node.op is np.minimum) for node in part.graph.nodes())
        part.graph.verify()
        known.update(map(id, part.writes))
    assert all(left.on_host != right.on_host for left, right in pairwise(parts))


# Forbidding the host


def test_on_host_error_names_the_first_reason(device_backend: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=r"on_host='error', but .* np\..*\(\d+ in all\); change"):
        compile(wide, spec("float32", [3, 4]), **device_backend, on_host="error")


def test_explain_shows_every_cut_and_why(device_backend: dict[str, Any]) -> None:
    text = compile(wide, spec("float32", [3, 4]), **device_backend).explain()
    assert "1: host (NumPy): " in text and "because np." in text
    assert f"backend '{device_backend['backend']}'" in text


# Operators of users


def median(x: Any, /, *, axis: int) -> Any:
    """The median along an axis, in Python alone."""
    return numpy.median(x, axis=axis).astype(x.dtype)


def median_type(x: Any, axis: int) -> Any:
    return type(x)(x.dtype, x.shape[:axis] + x.shape[axis + 1 :])


def extent(x: Any, /) -> tuple[Any, Any]:
    """The smallest and the largest element."""
    return numpy.min(x), numpy.max(x)


def centred(x: Any, /) -> Any:
    """x less its median."""
    return x - OPERATORS[f"{__name__}.median"](x, axis=1)[:, None]


@pytest.fixture
def users() -> Iterator[dict[str, Op[..., Any]]]:
    """Operators a user defines, forgotten after the test."""
    before = set(OPERATORS)
    yield {
        "median": primitive(infer=median_type)(median),
        "extent": primitive(infer=lambda x: (type(x)(x.dtype), type(x)(x.dtype)))(extent),
        "centred": composite(centred),
    }
    for name in set(OPERATORS) - before:
        del OPERATORS[name]


@pytest.mark.parametrize("size", [3, "n"], ids=["static", "named"])
def test_an_operator_in_python_runs_inside_a_program(
    users: dict[str, Op[..., Any]], size: int | str, device_backend: dict[str, Any]
) -> None:
    def function(x: Any) -> Any:
        low, high = users["extent"](np.tanh(x))
        return users["median"](x * 2, axis=0) + high - low, npx.relu(users["centred"](x))

    run = compile(function, spec("float32", [size, 4]), **device_backend)
    for found, wanted in zip(run(X), function(X), strict=True):
        assert found.dtype == wanted.dtype
        numpy.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-6)
    hosted = [node.op for part in run.segments if part.on_host for node in part.graph.nodes()]
    assert set(hosted) >= {users["median"], users["extent"]}


def test_results_know_their_node(users: dict[str, Op[..., Any]]) -> None:
    graph = trace(lambda x: users["extent"](x), spec("float32", [4])).graph
    low, high = graph.outputs
    assert isinstance(low, Result) and isinstance(high, Result)
    assert low.node is high.node and (low.index, high.index) == (0, 1)
    assert isinstance(low.node, Node)


def test_lookups_by_int64_stay_one_segment(device_backend: dict[str, Any]) -> None:
    """Ids are often int64, which OpenVINO computes in int32: positions in range are exact."""
    table = numpy.arange(12, dtype=numpy.float32).reshape(4, 3)
    run = compile(
        lambda ids: np.take(table, ids, axis=0) * 2, spec("int64", ["n"]), **device_backend
    )
    assert len(run.segments) == 1 and not run.segments[0].on_host
    ids = numpy.array([3, -4, 0])
    numpy.testing.assert_array_equal(run(ids), table[ids] * 2)
    for outside in (2**32, -(2**40), 4):
        with pytest.raises(IndexError, match=f"index {outside} is out of bounds for size 4"):
            run(numpy.array([1, outside]))
