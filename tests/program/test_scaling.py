"""Long and deep programs: no recursion, and work that grows as their length does."""

from __future__ import annotations

import copy
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

import isthmus
from isthmus import np
from isthmus.analysis.index_checks import index_reason
from isthmus.analysis.intervals import MOST_VALUES
from isthmus.graph.nodes import Node, topological
from isthmus.graph.passes import expand
from isthmus.program.archive import read, save
from isthmus.program.backend import find_backend
from isthmus.program.compiling import compile
from isthmus.program.executable import Executable
from isthmus.program.export import export
from isthmus.program.options import Options, checked_options
from isthmus.program.partition import partition
from isthmus.program.splitting import Kernels, Longest, pieces
from isthmus.rewrite.gradient import gradient_graph, value_and_grad
from isthmus.trace.tracing import Traced, spec, trace
from studies.scaling import growth
from studies.shapes import SHAPES

LENGTH = 10_000
X = numpy.linspace(-1, 1, 2, dtype=numpy.float32)


def stepped(length: int) -> Callable[[Any], Any]:
    """x * 0.5 + 0.25, again and again: two operators a step, towards 0.5."""

    def function(x: Any) -> Any:
        for _ in range(length // 2):
            x = x * 0.5 + 0.25
        return x

    return function


def program(traced: Traced, backend: str = "numpy") -> Executable:
    options = checked_options("f32", 1, "numpy", "allow", "cpu" if backend == "gpu" else None)
    return Executable(traced, backend, options, "allow")


def every_tenth(nodes: list[Node]) -> Callable[[Node], str | None]:
    """A refusal of every tenth node."""
    refused = {id(node) for node in nodes[::10]}
    return lambda node: "said so" if id(node) in refused else None


# 10,000 operators, one after another


@pytest.fixture(scope="module")
def deep() -> Traced:
    return trace(stepped(LENGTH), spec("float32", ("n",)))


@pytest.fixture(scope="module")
def deep_program(deep: Traced) -> Executable:
    return program(deep)


def test_a_deep_program_runs(deep_program: Executable) -> None:
    assert len(deep_program.graph.nodes()) == LENGTH
    numpy.testing.assert_array_equal(deep_program(X), [0.5, 0.5])
    numpy.testing.assert_array_equal(deep_program.bind(X.copy())(), [0.5, 0.5])


def test_a_deep_program_is_explained_and_costed(deep_program: Executable) -> None:
    assert f"{LENGTH} operations" in deep_program.explain()
    assert deep_program.cost(n=3).operations == 3 * LENGTH


def test_a_deep_graph_is_cut_where_host_and_backend_take_turns(deep: Traced) -> None:
    nodes = deep.graph.nodes()
    segments = partition(deep.graph, every_tenth(nodes))
    assert [part.on_host for part in segments] == [True, False] * (LENGTH // 10)
    assert sum(len(part.graph.nodes()) for part in segments) == LENGTH


def test_a_deep_program_is_saved_and_read(deep: Traced, tmp_path: Path) -> None:
    save(deep, tmp_path / "program")
    again = read(tmp_path / "program").graph
    assert [n.op for n in again.nodes()] == [n.op for n in deep.graph.nodes()]


def test_a_deep_program_is_exported(tmp_path: Path) -> None:
    for name in ("program.xml", *(["program.onnx"] if find_spec("onnx") else [])):
        export(stepped(LENGTH), spec("float32", (2,)), tmp_path / name)
        assert (tmp_path / name).stat().st_size > 50 * LENGTH


def test_a_deep_program_has_a_gradient() -> None:
    value, gradient = value_and_grad(lambda x: np.sum(stepped(LENGTH)(x)))(X)
    assert value == 1
    numpy.testing.assert_array_equal(gradient, [0, 0])
    graph = gradient_graph(
        trace(lambda x: np.sum(stepped(200)(x)), spec("float32", (2,))).graph, "x"
    )
    assert len(graph.nodes()) > 300


def test_a_deep_graph_is_shown_and_copied(deep: Traced) -> None:
    assert len(repr(deep)) < 2_000
    assert copy.deepcopy(deep).graph is deep.graph


def test_what_is_known_of_indices_ends_somewhere() -> None:
    def taken(moves: int) -> Node:
        def function(x: Any) -> Any:
            index = np.argmax(x, keepdims=True)
            for _ in range(moves):
                index = np.reshape(index, (1,))
            return np.take(x, index)

        return trace(function, spec("float32", (2,))).graph.nodes()[-1]

    assert index_reason(taken(MOST_VALUES // 2)) is None
    assert "computed" in str(index_reason(taken(50 * MOST_VALUES)))


# Work is counted, not timed


@contextmanager
def counted_lines() -> Iterator[list[int]]:
    """How many lines of this package are executed, loops included."""
    count, before = [0], sys.gettrace()
    package = str(Path(isthmus.__file__).parent)

    def local(_: Any, event: str, __: Any) -> Any:
        count[0] += event == "line"
        return local

    def entered(frame: Any, _: str, __: Any) -> Any:
        return local if frame.f_code.co_filename.startswith(package) else None

    sys.settrace(entered)
    try:
        yield count
    finally:
        sys.settrace(before)


def lines_of(action: Callable[[], Any]) -> int:
    with counted_lines() as count:
        action()
    return count[0]


SMALL, LARGE = 80, 320


def assert_linear(prepared: Callable[[int], Callable[[], Any]], most: float = 4.2) -> None:
    """Four times as many operators are four times as much work, and a little."""
    prepared(20)()  # what is done once a process
    small, large = (lines_of(prepared(size)) for size in (SMALL, LARGE))
    assert large < most * small, (small, large)


def traced_shape(shape: str, size: int) -> Traced:
    return trace(*SHAPES[shape](size))


every_shape = pytest.mark.parametrize("shape", SHAPES)


@every_shape
def test_tracing_is_linear(shape: str) -> None:
    assert_linear(lambda size: lambda: traced_shape(shape, size))


@every_shape
def test_the_passes_are_linear(shape: str) -> None:
    assert_linear(lambda size: (lambda traced: lambda: program(traced))(traced_shape(shape, size)))


@every_shape
def test_cost_and_explanation_are_linear(shape: str) -> None:
    def prepared(size: int) -> Callable[[], Any]:
        run = program(traced_shape(shape, size))
        sizes = dict.fromkeys(run.graph.dimension_names(), 4)
        return lambda: (run.explain(), run.cost(**sizes))

    assert_linear(prepared)


@every_shape
def test_files_are_linear(shape: str, tmp_path: Path) -> None:
    def prepared(size: int) -> Callable[[], Any]:
        traced = traced_shape(shape, size)

        def saved_and_read() -> Traced:
            save(traced, tmp_path / "program")
            return read(tmp_path / "program")

        return saved_and_read

    assert_linear(prepared)


@pytest.mark.parametrize("shape", ["chain", "network", "nested", "named"])
def test_gradients_are_linear(shape: str) -> None:
    def prepared(size: int) -> Callable[[], Any]:
        function, specs = SHAPES[shape](size)
        graph = trace(lambda x: np.sum(function(x)), specs).graph
        return lambda: gradient_graph(graph, [graph.inputs[0].name]).nodes()

    assert_linear(prepared)


@every_shape
def test_cutting_is_linear(shape: str) -> None:
    def prepared(size: int) -> Callable[[], Any]:
        graph = expand(traced_shape(shape, size).graph, keep=lambda node: False)
        refuses = every_tenth(graph.nodes())
        longest = Longest(nodes=50, elementwise=8, arrays=5)
        return lambda: partition(graph, refuses, longest)

    assert_linear(prepared, most=4.6)  # a piece more or less


@pytest.mark.parametrize("shape", ["chain", "network", "wide", "nested", "named"])
def test_models_of_the_runtimes_are_made_in_linear_work(shape: str) -> None:
    pytest.importorskip("onnx")
    from isthmus.cpu_backend import builder as cpu
    from isthmus.cpu_backend import lowering as cpu_lowering
    from isthmus.onnx.write import model as gpu

    def prepared(size: int) -> Callable[[], Any]:
        graph = expand(traced_shape(shape, size).graph, keep=lambda node: False)
        make = cpu.Builder(graph, cpu_lowering.LOWERING).model
        return lambda: (make(), gpu.build(graph))

    assert_linear(prepared)


class Unread:
    """A collection that may be asked, but not gone through."""

    def __contains__(self, item: object) -> bool:
        return False

    def __len__(self) -> int:
        return 10**9

    def __iter__(self) -> Iterator[int]:
        raise AssertionError("all that is known was copied")


def test_an_order_of_few_nodes_does_not_go_through_all_that_is_known() -> None:
    graph = trace(stepped(4), spec("float32", (2,))).graph
    assert len(topological(graph.outputs, Unread())) == 4


def test_a_named_size_is_computed_once_a_model() -> None:
    from isthmus.cpu_backend.builder import Builder
    from isthmus.cpu_backend.lowering import LOWERING

    graph = expand(traced_shape("named", 400).graph, keep=lambda node: False)
    kinds = [op.get_type_name() for op in Builder(graph, LOWERING).model().get_ordered_ops()]
    assert kinds.count("ShapeOf") == 2 and kinds.count("Tanh") == 50


def test_onnx_runtime_is_told_named_sizes_of_long_programs_and_equal_numbers_once() -> None:
    pytest.importorskip("onnx")
    from isthmus.onnx.write.builder import MANY_ARRAYS
    from isthmus.onnx.write.model import build

    def sizes_declared(size: int) -> set[str]:
        graph = expand(traced_shape("named", size).graph, keep=lambda node: False)
        infos = build(graph).proto.graph.value_info
        return {d.dim_param for info in infos for d in info.type.tensor_type.shape.dim}

    assert sizes_declared(MANY_ARRAYS // 2) == set()
    assert {"batch", "length", "batch*length"} <= sizes_declared(2 * MANY_ARRAYS)
    chain = build(trace(stepped(100), spec("float32", (2,))).graph).proto.graph
    assert len(chain.initializer) == 2


# Pieces


def chained(length: int) -> list[Node]:
    return trace(stepped(length), spec("float32", (2,))).graph.nodes()


def test_elementwise_chains_are_cut_into_kernels() -> None:
    found = pieces(chained(100), Longest(nodes=1000, elementwise=30, arrays=11))
    assert [len(piece) for piece in found] == [30, 30, 30, 10]


def test_short_segments_stay_whole() -> None:
    nodes = chained(20)
    assert pieces(nodes, Longest(nodes=20, elementwise=20, arrays=11)) == [nodes]
    assert pieces(nodes, None) == [nodes]


def test_kernels_end_where_they_would_read_too_many_arrays() -> None:
    def function(xs: list[Any]) -> Any:
        total = xs[0]
        for x in xs[1:]:
            total = total + x
        return total

    graph = trace(function, ([spec("float32", (2,))] * 10,)).graph
    kernels = Kernels(4, {id(graph.outputs[0])})
    assert [kernels.add(node) for node in graph.nodes()] == [1, 2, 3, 1, 2, 3, 1, 2, 1]


def test_a_cut_is_where_the_fewest_values_cross() -> None:
    def block(x: Any) -> Any:
        parts = [np.tanh(x), np.exp(x), np.sin(x)]
        return parts[0] @ parts[1] @ parts[2]

    def function(x: Any) -> Any:
        for _ in range(6):
            x = block(x)
        return x

    nodes = trace(function, spec("float32", (2, 2))).graph.nodes()
    found = pieces(nodes, Longest(nodes=13, elementwise=100, arrays=11))
    assert [len(piece) for piece in found] == [10, 10, 10]


@given(
    st.lists(st.tuples(st.integers(0, 99), st.integers(0, 99), st.booleans()), max_size=40),
    st.integers(1, 9),
    st.integers(1, 9),
)
def test_pieces_keep_all_nodes_and_the_limits(
    steps: list[tuple[int, int, bool]], most: int, elementwise: int
) -> None:
    def function(x: Any) -> Any:
        values = [x]
        for left, right, product in steps:
            a, b = values[left % len(values)], values[right % len(values)]
            values.append(a @ b if product else a + b)
        return values

    nodes = trace(function, spec("float32", (2, 2))).graph.nodes()
    found = pieces(nodes, Longest(most, elementwise, arrays=4))
    assert [node for piece in found for node in piece] == nodes
    assert not nodes or all(0 < len(piece) <= most for piece in found)
    for piece in found:
        kernels = Kernels(4, set())
        sums = [node for node in piece if node.op is np.add]
        assert all(kernels.add(node) <= elementwise for node in sums)


def test_a_program_in_pieces_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    backend = find_backend("cpu")
    monkeypatch.setattr(
        backend, "longest", Longest(nodes=7, elementwise=3, arrays=4), raising=False
    )
    for shape in ("network", "named", "nested"):
        function, specs = SHAPES[shape](60)
        run = compile(function, specs, backend="cpu")
        assert len(run.segments) > 3 and not any(part.on_host for part in run.segments)
        x = numpy.random.default_rng(0).normal(size=(8, 16)).astype(numpy.float32)
        x = x.reshape(2, 4, 16) if shape == "named" else x
        numpy.testing.assert_allclose(run(x), function(x), rtol=1e-5, atol=1e-6)


def test_models_are_one_segment_however_deep() -> None:
    from isthmus import models

    backend, options = find_backend("cpu"), Options()
    net = models.create("resnet-152", seed=0)
    graph = trace(net, net.specs()).graph
    kept = expand(graph, lambda n: backend.fuses(n, options) and not backend.refuses(n, options))
    longest = backend.longest  # type: ignore[attr-defined]
    assert len(partition(kept, lambda node: backend.refuses(node, options), longest)) == 1


# The benchmark


def test_growth_is_the_exponent() -> None:
    found = [{"nodes": n, "seconds": {"trace": 3.0 * n**2}} for n in (10, 1000)]
    assert growth(found[0], found[1], "trace") == pytest.approx(2)
