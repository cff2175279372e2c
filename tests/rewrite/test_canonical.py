"""Formulas reach the kernel of their operator, with NumPy's numbers; what is not one does not."""

from __future__ import annotations

import math
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy
import pytest
from backends import each_runtime
from bare_runtimes import instructions
from hypothesis import given
from hypothesis import strategies as st
from spellings import ATTENTION, BETA, FUSED, GAMMA, SPELLINGS, attention, layer_norm, softmax

import isthmus as im
from isthmus import np, npx
from isthmus.graph.nodes import Graph, Node
from isthmus.graph.passes import expand, without_idle_nodes
from isthmus.program.backend import find_backend
from isthmus.program.executable import Executable
from isthmus.program.options import Options
from isthmus.program.prepared import prepared
from isthmus.rewrite.canonical import patterns
from isthmus.rewrite.canonical.formulas import ROWS

F32 = numpy.float32
X = numpy.random.default_rng(0).standard_normal((5, 8)).astype(F32) * 3
OPTIONS: dict[str, dict[str, Any]] = {
    "cpu": {"backend": "cpu"},
    "gpu": {"backend": "gpu", "device": "cpu"},
}
NAN, INF = numpy.nan, numpy.inf
SPECIAL = numpy.array(
    [
        [NAN, 1, 2, 3, 4, 5, 6, 7],
        [INF, 1, 2, 3, 4, 5, 6, 7],
        [-INF, 1, 2, 3, 4, 5, 6, 7],
        [INF, -INF, 0, 1, NAN, 2, 3, 4],
        [-INF] * 8,
        [INF] * 8,
        [NAN] * 8,
        [1e18, -1e18, 88, -88, 110, -110, 1e-40, -0.0],
        [89, 88, 90, 0, 1, 2, 3, 4],
        [-104, -105, -110, -104, -104, -104, -104, -104],
    ],
    F32,
)
EACH = pytest.mark.parametrize("name", SPELLINGS)


def special_for(backend: str, kernel: str) -> Any:
    """Without what docs/numerics.md says that the kernel makes something else of here."""
    if backend == "cpu" and kernel == "npx.gelu" and "AVX-512" in instructions():
        return numpy.where(SPECIAL == INF, F32(9), SPECIAL)
    return SPECIAL


def compiled(function: Any, backend: str, *shape: Any, **options: Any) -> Executable:
    specs = im.spec("float32", shape or ("n", 8))
    return im.compile(function, specs, threads=1, **OPTIONS[backend], **options)


def operators(run: Executable) -> list[str]:
    return [node.op.name for node in run.graph.nodes()]


def bodies(function: Any, x: Any) -> Any:
    """What NumPy computes."""
    with numpy.errstate(all="ignore"):
        return im.compile(function, im.spec("float32", x.shape), backend="numpy")(x)


def assert_equal(found: Any, wanted: Any, rtol: float = 2e-6, atol: float = 2e-6) -> None:
    numpy.testing.assert_allclose(found, wanted, rtol, atol, equal_nan=True)


# Each spelling


@each_runtime
@EACH
def test_a_spelling_becomes_its_operator(name: str, backend: str) -> None:
    spelling = SPELLINGS[name]
    run = compiled(spelling.function, backend)
    wanted = getattr(spelling, backend)
    assert operators(run) == ([wanted] if wanted else as_written(run))


def as_written(run: Executable) -> list[str]:
    """The operators of the program without the pass."""
    graph = expand(run.traced.graph, lambda node: run.backend.fuses(node, run.options))
    return [node.op.name for node in without_idle_nodes(graph).nodes()]


@each_runtime
@EACH
def test_its_numbers_are_numpys(name: str, backend: str) -> None:
    function = SPELLINGS[name].function
    run = compiled(function, backend)
    assert_equal(run(X), bodies(function, X))
    special = special_for(backend, SPELLINGS[name].cpu)
    if name == "relu6 of relu" and backend == "cpu":  # whose relu drops a NaN
        special = numpy.nan_to_num(SPECIAL)
    assert_equal(run(special), bodies(function, special), 1e-5, 1e-5)
    assert_equal(compiled(function, backend, numerics="fast")(X), run(X))


@each_runtime
@EACH
def test_fast_numerics_take_every_kernel_there_is(name: str, backend: str) -> None:
    spelling = SPELLINGS[name]
    if spelling.ov if backend == "cpu" else spelling.onnx:
        run = compiled(spelling.function, backend, numerics="fast")
        assert operators(run) == [spelling.fast]


@EACH
def test_openvino_runs_its_kernel(name: str) -> None:
    spelling = SPELLINGS[name]
    if spelling.ov == FUSED:
        layers = openvino(lambda x: spelling.function(dense(x)), spelling.cpu)
        assert layers == [FUSED]
    elif spelling.ov:
        layers = openvino(spelling.function, spelling.cpu)
        assert spelling.ov in layers and len(layers) <= 3


def dense(x: Any) -> Any:
    weight = numpy.linspace(-1, 1, 64, dtype=F32).reshape(8, 8)
    return npx.fully_connected(x, weight, BETA)


def openvino(function: Any, agrees: str) -> list[str]:
    """The layers that OpenVINO makes of a function and runs."""
    run = compiled(function, "cpu", 5, 8, numerics="numpy" if agrees else "fast")
    return [text.split()[0] for text in run._run.runners[0].describe()]


@EACH
def test_onnx_runtime_runs_its_kernel(name: str, tmp_path: Path) -> None:
    spelling = SPELLINGS[name]
    numerics = "numpy" if spelling.gpu else "fast"
    traced = im.trace(spelling.function, im.spec("float32", [5, 8]))
    options = Options(numerics=numerics, device="cpu")
    found = optimized(prepared(traced.graph, find_backend("gpu"), options), tmp_path)
    assert spelling.onnx in (*found, "")
    if spelling.onnx:
        assert len(found) <= 2


def optimized(graph: Graph, folder: Path) -> list[str]:
    """The operations of the model that ONNX Runtime makes of a graph and runs."""
    onnx = pytest.importorskip("onnx")
    onnxruntime = pytest.importorskip("onnxruntime")
    from isthmus.onnx.write.model_file import write

    write(graph, folder / "given.onnx")
    options = onnxruntime.SessionOptions()
    options.optimized_model_filepath = str(folder / "optimized.onnx")
    options.log_severity_level = 3
    onnxruntime.InferenceSession(
        str(folder / "given.onnx"), options, providers=["CPUExecutionProvider"]
    )
    return [node.op_type for node in onnx.load(folder / "optimized.onnx").graph.node]


# Attention


@pytest.mark.parametrize("name", ATTENTION)
def test_attention_is_one_kernel_of_openvino(name: str) -> None:
    """Its multi-head kernel, and at most the product or the transpose that is left outside."""
    function, specs, arrays = _attention(*ATTENTION[name])
    run = im.compile(function, specs, threads=1)
    assert "npx.weighted_by_softmax" in operators(run)
    layers = [text.split()[0] for text in run._run.runners[0].describe()]
    assert "Softmax" not in layers and "MatMul" not in layers and "Reduce" not in layers
    plain = im.compile(function, specs, backend="numpy")
    assert_equal(run(*arrays), plain(*arrays), 1e-5, 1e-5)
    arrays[0][0, 0, 1, 2] = NAN
    arrays[2][0, 1, 2, 3] = INF
    assert_equal(run(*arrays), plain(*arrays), 1e-5, 1e-5)


def _attention(where: str, mask: str) -> tuple[Any, Any, Any]:
    random = numpy.random.default_rng(1)
    arrays: list[Any] = [random.standard_normal((1, 2, 6, 16)).astype(F32) for _ in range(3)]
    specs = [im.spec("float32", array.shape) for array in arrays]
    if mask != "no mask":
        seen = random.random((1, 1, 6, 6)) < 0.7
        arrays.append(seen if mask == "bool" else numpy.where(seen, 0, -1e9).astype(F32))
        specs.append(im.spec(arrays[-1].dtype, arrays[-1].shape))

    def function(q: Any, k: Any, v: Any, mask: Any = None) -> Any:
        return attention(q, k, v, mask, where=where)

    return function, tuple(specs), arrays


def test_heads_that_are_transposed_reach_it_too() -> None:
    x = numpy.random.default_rng(2).standard_normal((2, 6, 32)).astype(F32)

    def heads(x: Any) -> Any:
        q = np.permute_dims(np.reshape(x, (2, 6, 4, 8)), (0, 2, 1, 3))
        return np.reshape(np.permute_dims(attention(q, q, q), (0, 2, 1, 3)), (2, 6, 32))

    run = im.compile(heads, im.spec("float32", [2, 6, 32]), threads=1)
    assert "npx.weighted_by_softmax" in operators(run)
    assert_equal(run(x), bodies(heads, x), 1e-5, 1e-5)


# What is no such formula


def near(function: Callable[[Any], Any], *kept: str) -> Any:
    return pytest.param(function, kept, id=function.__name__)


def other_constant(x: Any) -> Any:
    return 0.5 * x * (1 + npx.erf(x * 0.7081))


def other_cubic(x: Any) -> Any:
    return 0.5 * x * (1 + np.tanh(0.79788456 * (x + 0.0457 * x**3)))


def half_of_it(x: Any) -> Any:
    return 0.51 * x * (1 + npx.erf(x * math.sqrt(0.5)))


def other_sign(x: Any) -> Any:
    return 0.5 * x * (1 - npx.erf(x * math.sqrt(0.5)))


def another_variable(x: Any) -> Any:
    return 0.5 * (x + 1) * (1 + npx.erf(x * math.sqrt(0.5)))


def used_elsewhere(x: Any) -> Any:
    powers = np.exp(x - np.max(x, axis=-1, keepdims=True))
    return powers / np.sum(powers, axis=-1, keepdims=True) + powers


def two_axes(x: Any) -> Any:
    powers = np.exp(x - np.max(x, axis=-1, keepdims=True))
    return powers / np.sum(powers, axis=0, keepdims=True)


def over_both_axes(x: Any) -> Any:
    powers = np.exp(x - np.max(x, axis=(0, 1), keepdims=True))
    return powers / np.sum(powers, axis=(0, 1), keepdims=True)


def shifted_by_the_least(x: Any) -> Any:
    powers = np.exp(x - np.min(x, axis=-1, keepdims=True))
    return powers / np.sum(powers, axis=-1, keepdims=True)


def norm_of_another_axis(x: Any) -> Any:
    return layer_norm(x, axis=0)


def epsilon_outside(x: Any) -> Any:
    deviation = np.std(x, axis=-1, keepdims=True)
    return (x - np.mean(x, -1, keepdims=True)) / (deviation + 1e-5) * GAMMA + BETA


def unbiased_variance(x: Any) -> Any:
    variance = np.var(x, axis=-1, keepdims=True, ddof=1)
    return (x - np.mean(x, -1, keepdims=True)) / np.sqrt(variance + 1e-5)


def variance_as_a_result(x: Any) -> Any:
    centred = x - np.mean(x, -1, keepdims=True)
    variance = np.mean(centred * centred, -1, keepdims=True) + 1e-5
    return {"y": centred / np.sqrt(variance), "variance": variance}


def square_by_broadcasting(x: Any) -> Any:
    """[8, 8]: the mean is of rows and is taken from columns."""
    square = x[:8, :8]
    mean = np.mean(square, axis=-1)
    centred = square - mean
    return centred / np.sqrt(np.mean(centred**2, axis=-1) + 1e-5)


def other_bound(x: Any) -> Any:
    return x * np.clip(x + 3, 0, 6.01) / 6


def other_slope(x: Any) -> Any:
    return x * np.clip(0.2 * x + 0.5, 0, 1)


NEAR = [
    near(other_constant, "npx.erf"),
    near(other_cubic),
    near(half_of_it, "npx.erf"),
    near(other_sign, "npx.erf"),
    near(another_variable, "npx.erf"),
    near(used_elsewhere),
    near(two_axes),
    near(over_both_axes),
    near(shifted_by_the_least),
    near(norm_of_another_axis),
    near(epsilon_outside),
    near(unbiased_variance),
    near(variance_as_a_result),
    near(square_by_broadcasting),
    near(other_bound),
    near(other_slope),
]


@each_runtime
@pytest.mark.parametrize(("function", "kept"), NEAR)
def test_near_misses_stay_as_they_are(
    function: Callable[[Any], Any], kept: tuple[str, ...], backend: str
) -> None:
    x = numpy.vstack([X, X[:4]])
    run = compiled(function, backend, 9, 8)
    networks = [op for op in operators(run) if op.startswith("npx.") and op != "npx.relu"]
    assert networks == list(kept)
    found, wanted = run(x), bodies(function, x)
    for name in wanted if isinstance(wanted, dict) else [...]:
        assert_equal(found[name], wanted[name], 1e-5, 1e-5)


@each_runtime
def test_other_dtypes_stay_as_they_are(backend: str) -> None:
    for dtype in ("float64", "int32"):
        run = im.compile(
            lambda x: np.clip(x, 0, 6), im.spec(dtype, ["n"]), threads=1, **OPTIONS[backend]
        )
        assert operators(run) == ["np.maximum", "np.minimum"]
        array = numpy.array([-1, 3, 8], dtype)
        assert run(array).dtype == array.dtype and run(array).tolist() == [0, 3, 6]


def test_numpys_own_backend_runs_what_was_written() -> None:
    run = im.compile(softmax, im.spec("float32", ["n", 8]), backend="numpy")
    assert "np.exp" in operators(run)


# Where formulas stand


@each_runtime
def test_in_bodies_of_loops_and_branches(backend: str) -> None:
    def loop(x: Any) -> Any:
        def step(row: Any, state: Any) -> Any:
            return softmax(row) + state, layer_norm(row)

        return npx.foreach(step, x, np.zeros(8, F32))

    def branch(x: Any) -> Any:
        return npx.cond(np.sum(x) > 0, lambda: layer_norm(x), lambda: softmax(x))

    for function, wanted in ((loop, ["softmax", "layer_norm"]), (branch, ["layer_norm"])):
        run = compiled(function, backend)
        inside = {node.op.name for node in run.graph.all_nodes()}
        assert all(any(name in op for op in inside) for name in wanted)
        found, expected = run(X), bodies(function, X)
        for one, two in zip(tuple(found), tuple(expected), strict=True):
            assert_equal(one, two, 1e-5, 1e-5)


@each_runtime
def test_one_after_another_and_inside_of_one_another(backend: str) -> None:
    def layers(x: Any) -> Any:
        for _ in range(3):
            x = x + 0.5 * layer_norm(x) * (1 + npx.erf(layer_norm(x) * math.sqrt(0.5)))
        return softmax(layer_norm(np.clip(x + 3, 0, 6) / 6 * x))

    run = compiled(layers, backend)
    found = operators(run)
    assert found.count("npx.layer_norm") == 7 and "np.mean" not in found
    assert_equal(run(X), bodies(layers, X), 1e-5, 1e-5)


def test_a_program_that_is_saved_pickled_or_held_is_rewritten_where_it_is_loaded(
    tmp_path: Path,
) -> None:
    run = compiled(softmax, "cpu")
    run.save(tmp_path / "program.im")
    loaded = im.load(tmp_path / "program.im", threads=1)
    sent = pickle.loads(pickle.dumps(run))
    assert operators(loaded) == operators(sent) == ["npx.softmax_by_line"]
    assert "np.exp" in [node.op.name for node in loaded.traced.graph.nodes()]
    held = im.jit(softmax)(im.namespace("cpu").asarray(X))
    for found in (loaded(X), sent(X), numpy.asarray(held)):
        assert_equal(found, bodies(softmax, X))


def test_files_have_the_kernels(tmp_path: Path) -> None:
    onnx = pytest.importorskip("onnx")
    specs = im.spec("float32", ["n", 8])
    im.export(layer_norm, specs, tmp_path / "norm.onnx")
    im.export(layer_norm, specs, tmp_path / "norm.xml")
    graph = onnx.load(tmp_path / "norm.onnx").graph
    assert [node.op_type for node in graph.node] == ["LayerNormalization"]
    assert "MVN" in (tmp_path / "norm.xml").read_text()


def test_a_long_program_without_formulas_is_the_same_graph() -> None:
    def chain(x: Any) -> Any:
        for i in range(1000):
            x = (x * 1.0001 + 0.1 if i % 2 else np.maximum(x, 0.01 * x)) - x * x
        return x

    graph = im.trace(chain, im.spec("float32", ["n", 8])).graph
    found = prepared(graph, find_backend("cpu"), Options())
    assert [n.op for n in found.nodes()] == [n.op for n in graph.nodes()]


CHAINS: dict[str, Callable[[Any], Any]] = {
    "products": lambda x: x * 0.9999,
    "sums": lambda x: x + 0.0001,
    "signs": lambda x: -x,
    "roots": lambda x: np.sqrt(np.square(x)),
    "quotients": lambda x: 1 / x,
    "powers": lambda x: x**3,
    "twice": lambda x: x * x,
}


@pytest.mark.parametrize("name", CHAINS)
def test_a_long_chain_of_one_kind_is_the_same_graph(name: str) -> None:
    """It is not taken apart again and again, nor by as many calls within calls."""

    def chain(x: Any) -> Any:
        for _ in range(2000):
            x = CHAINS[name](x)
        return np.exp(x) * np.sqrt(np.tanh(np.maximum(np.minimum(npx.erf(x), 2), 1)))

    graph = im.trace(chain, im.spec("float32", ["n", 8])).graph
    found = prepared(graph, find_backend("cpu"), Options())
    assert [n.op for n in found.nodes()] == [n.op for n in graph.nodes()]


def test_numbers_whose_powers_overflow_are_no_error() -> None:
    def tiny(x: Any) -> Any:
        return 1 / (x * 1e-200) ** 3 + np.exp(x) * np.tanh(x)

    x = numpy.array([1.0, 2.0])
    run = im.compile(tiny, im.spec("float64", [2]), threads=1)
    with numpy.errstate(all="ignore"):
        assert_equal(run(x), 1 / (x * 1e-200) ** 3 + numpy.exp(x) * numpy.tanh(x))


KEEPING: dict[bool, Callable[[Node], bool]] = {True: lambda _: True, False: lambda _: False}


def test_every_formula_has_the_operators_by_which_it_is_looked_for() -> None:
    for row in ROWS:
        for formula in row.formulas:
            graph = patterns._traced(formula)
            for keep in (True, False):
                found = {n.op for n in expand(graph, KEEPING[keep]).all_nodes()}
                assert all(found & set(one) for one in row.having), (row.having, found)


def test_programs_of_network_operators_alone_trace_no_formula() -> None:
    def layer(x: Any) -> Any:
        return npx.relu6(x) + npx.softmax(npx.gelu(npx.layer_norm(x @ x, GAMMA, BETA)) + 1)

    run = compiled(layer, "cpu", 8, 8)
    present = {node.op for node in run.graph.nodes()}
    assert patterns.patterns_of(present, lambda node: True, fast=True) == {}


# Kernels that are said to agree with NumPy

PARTS = {
    "npx.weighted_by_softmax": lambda op, x: op(x, numpy.eye(8, 3, dtype=F32) + 0.5),
    "npx.layer_norm": lambda op, x: op(x, GAMMA, BETA),
    "npx.rms_norm": lambda op, x: op(x, GAMMA),
}


@pytest.mark.parametrize("backend", ["cpu", "gpu"])
def test_kernels_that_agree_do_on_special_values(backend: str) -> None:
    from isthmus.cpu_backend import capability as cpu
    from isthmus.gpu_backend import capability as gpu

    for op in {"cpu": cpu, "gpu": gpu}[backend].AGREEING:
        call = PARTS.get(op.name, lambda op, x: op(x))
        run = compiled(lambda x, op=op, call=call: call(op, x), backend)
        assert operators(run) == [op.name]
        special = special_for(backend, op.name)
        wanted = bodies(lambda x, op=op, call=call: call(op, x), special)
        numpy.testing.assert_allclose(run(special), wanted, 1e-5, 1e-5, err_msg=op.name)


# Any of them


@st.composite
def cases(draw: Any) -> tuple[Callable[[Any], Any], tuple[int, ...], bool]:
    """A formula of drawn order, axis and constants, a shape, and whether it is a kernel's."""
    rank = draw(st.integers(1, 4))
    shape = (*draw(st.lists(st.integers(1, 3), min_size=rank - 1, max_size=rank - 1)), 8)
    axis = draw(st.integers(-rank, rank - 1))
    off = draw(st.sampled_from([1.0, 1.0, 1.0, 1.001]))
    kind = draw(st.sampled_from(["softmax", "gelu", "norm"]))
    flip, keep = draw(st.booleans()), draw(st.booleans())

    def reduced(function: Any, x: Any) -> Any:
        if keep:
            return function(x, axis=axis, keepdims=True)
        return np.expand_dims(function(x, axis=axis), axis=axis)

    def written(x: Any) -> Any:
        if kind == "gelu":
            weight = npx.erf(x * (off * math.sqrt(0.5))) + 1
            return weight * x * 0.5 if flip else 0.5 * (x * weight)
        if kind == "softmax":
            powers = np.exp(x - reduced(np.max, x))
            total = reduced(np.sum, powers) * off
            return (1 / total) * powers if flip else powers / total
        centred = x - reduced(np.mean, x)
        variance = reduced(np.mean, centred * centred) + 1e-3
        return centred * variance**-0.5 if flip else centred / np.sqrt(variance) / off

    is_last = axis in (-1, rank - 1)
    return written, shape, is_last if kind == "norm" else off == 1


@each_runtime
@given(cases())
def test_a_drawn_formula_is_rewritten_if_it_is_the_kernels(backend: str, case: Any) -> None:
    function, shape, is_kernels = case
    x = numpy.random.default_rng(0).standard_normal(shape).astype(F32)
    run = compiled(function, backend, *shape)
    kernels = ("softmax", "gelu", "layer_norm")
    assert any(name in op for op in operators(run) for name in kernels) == is_kernels
    assert_equal(run(x), bodies(function, x), 1e-5, 1e-5)
