"""Peers: the walk over an ONNX file, what is rewritten in it, and each peer that is installed.

The walk and the rewritings are run on NumPy's functions, so that they are tested without a peer.
A peer runs in its own environment, made by `make peers`; where there is none its tests skip.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy
import pytest
from onnx import TensorProto, helper, load, numpy_helper, save

import isthmus as im
from isthmus import nn, np, npx
from isthmus.benchmarks.harness import environments, variants
from isthmus.benchmarks.harness.processes import measured
from isthmus.benchmarks.harness.variants import Variant
from isthmus.benchmarks.portable.onnx import attention as onnx_attention
from isthmus.benchmarks.portable.onnx import layout as onnx_layout
from isthmus.benchmarks.portable.onnx.graph import Graph, check, read, run
from isthmus.benchmarks.portable.timing.inputs import read_outputs, write_sets
from isthmus.benchmarks.portable.timing.main import Missing
from isthmus.errors import BackendMissing

Array = numpy.ndarray[Any, Any]

PEERS = [
    v
    for v in variants.VARIANTS
    if v.home not in (environments.OWN, *environments.OPTIONAL) and not v.low
]


def reshape(_: Mapping[str, Any], x: Array, shape: Sequence[int]) -> Array:
    return x.reshape([x.shape[i] if size == 0 else size for i, size in enumerate(shape)])


def gemm(attributes: Mapping[str, Any], a: Array, b: Array, c: Array) -> Array:
    return a @ (b.T if attributes.get("transB") else b) + c


def attention(attributes: Mapping[str, Any], q: Array, k: Array, v: Array, mask: Any) -> Array:
    scores = q @ k.swapaxes(-1, -2) * numpy.float32(attributes["scale"])
    return numpy.asarray(npx.softmax(scores if mask is None else scores + mask) @ v)


def conv(attributes: Mapping[str, Any], x: Array, weight: Array) -> Array:
    """In the layout that the node says."""
    last = attributes.get("layout") == "NHWC"
    if last:
        x, weight = x.transpose(0, 3, 1, 2), weight.transpose(3, 2, 0, 1)
    begins, ends = attributes["pads"][:2], attributes["pads"][2:]
    padding = list(zip(begins, ends, strict=True))
    y = numpy.asarray(npx.convolution(x, weight, padding=padding))
    return y.transpose(0, 2, 3, 1) if last else y


TABLE: dict[str, Callable[..., Any]] = {
    "Add": lambda _, a, b: a + b,
    "Conv": conv,
    "Gemm": gemm,
    "GlobalAveragePool": lambda a, x: x.mean((1, 2) if "layout" in a else (2, 3), keepdims=True),
    "MatMul": lambda _, a, b: a @ b,
    "Mul": lambda _, a, b: a * b,
    "Relu": lambda _, x: numpy.maximum(x, 0),
    "Reshape": reshape,
    "ScaledDotProductAttention": attention,
    "Shape": lambda _, x: x.shape,
    "Softmax": lambda attributes, x: npx.softmax(x, axis=attributes["axis"]),
    "Transpose": lambda attributes, x: x.transpose(attributes["perm"]),
}


def written(folder: Path, nodes: Sequence[Any], constants: dict[str, Any], opset: int = 17) -> Path:
    """A model of x: [n, 4] with the output y."""
    tensors = [numpy_helper.from_array(numpy.asarray(a), name) for name, a in constants.items()]
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 4])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
    graph = helper.make_graph(list(nodes), "g", [x], [y], tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=9)
    save(model, folder / "model.onnx")
    return folder


def evaluated(graph: Graph, arrays: dict[str, Array]) -> list[Any]:
    return run(graph, TABLE, {**graph.parameters, **arrays})


def attended(q: Any, k: Any, v: Any, bias: Any) -> Any:
    """softmax(q kᵀ / 2 + bias) v, written out."""
    scores = np.matmul(q * numpy.float32(0.5), np.permute_dims(k, (0, 1, 3, 2))) + bias
    return np.matmul(npx.softmax(scores, axis=-1), v)


class Text(nn.Block):
    """Attention of two heads over [batch, seq, 8]; padding is masked."""

    def __init__(self) -> None:
        self.qkv, self.norm = nn.Dense(24, 8), nn.LayerNorm(8)

    def forward(self, x: Any, mask: Any) -> Any:
        batch, seq, _ = x.shape
        split = np.reshape(self.qkv(x), (batch, seq, 3, 2, 4))
        q, k, v = (np.permute_dims(split[:, :, i], (0, 2, 1, 3)) for i in range(3))
        bias = np.where(mask != 0, numpy.float32(0), numpy.float32(-1e30))[:, None, None, :]
        y = np.permute_dims(attended(q, k, v, bias), (0, 2, 1, 3))
        return npx.gelu(self.norm(np.reshape(y, (batch, seq, 8)) + x))


def pooled(x: Any) -> Any:
    """Two convolutions with a residual, then the mean of each channel."""
    kernel = numpy.linspace(-1, 1, 5 * 3 * 9, dtype=numpy.float32).reshape(5, 3, 3, 3)
    second = numpy.linspace(-1, 1, 25, dtype=numpy.float32).reshape(5, 5, 1, 1)
    y = npx.relu(npx.convolution(x, kernel, padding=1))
    z = npx.relu(y + npx.convolution(y, second))
    return np.reshape(npx.global_average_pool(z), (-1, 5))


def normal(*shape: int) -> Array:
    return numpy.random.default_rng(len(shape)).standard_normal(shape, numpy.float32)


def exported(folder: Path, function: Any, arrays: dict[str, Array]) -> Graph:
    specs = {name: im.spec(array.dtype, array.shape) for name, array in arrays.items()}
    im.export(function, specs, folder / "model.onnx")
    return read(folder)


def test_walk_over_five_functions(tmp_path: Path) -> None:
    w, b, c = normal(3, 4), normal(3), normal(3, 3)
    nodes = [
        helper.make_node("Gemm", ["x", "w", "b"], ["h"], transB=1),
        helper.make_node("Relu", ["h"], ["r"]),
        helper.make_node("MatMul", ["r", "c"], ["m"]),
        helper.make_node("Mul", ["m", "m"], ["s"]),
        helper.make_node("Add", ["s", "b"], ["y"]),
    ]
    graph = read(written(tmp_path, nodes, {"w": w, "b": b, "c": c}))
    x = normal(2, 4)
    (y,) = evaluated(graph, {"x": x})
    m = numpy.maximum(x @ w.T + b, 0) @ c
    assert numpy.allclose(y, m * m + b, rtol=1e-6)
    assert graph.last_used == (("w", "x"), ("h",), ("c", "r"), ("m",), ("b", "s"))


@pytest.mark.parametrize("rows", [1, 5])
def test_shapes_are_computed_as_numbers(tmp_path: Path, rows: int) -> None:
    nodes = [
        helper.make_node("Shape", ["x"], ["shape"]),
        helper.make_node("Gather", ["shape", "zero"], ["n"]),
        helper.make_node("Concat", ["n", "twos"], ["target"], axis=0),
        helper.make_node("Reshape", ["x", "target"], ["y"]),
    ]
    constants = {"zero": numpy.array([0]), "twos": numpy.array([2, 2])}
    graph = read(written(tmp_path, nodes, constants))
    check(graph, TABLE, "on_numpy")
    (y,) = evaluated(graph, {"x": normal(rows, 4)})
    assert y.shape == (rows, 2, 2)
    assert graph.parameters == {}


def test_operator_without_a_row_is_missing(tmp_path: Path) -> None:
    nodes = [helper.make_node("Softsign", ["x"], ["h"]), helper.make_node("Erf", ["h"], ["y"])]
    graph = read(written(tmp_path, nodes[:1] + nodes[1:], {}))
    with pytest.raises(Missing, match="ONNX operators Erf, Softsign have no row in on_numpy"):
        check(graph, TABLE, "on_numpy")
    with pytest.raises(Missing, match="ONNX operator Erf has no row in on_numpy"):
        check(graph, {**TABLE, "Softsign": abs}, "on_numpy")


def test_size_that_data_decides_is_missing(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Cast", ["x"], ["i"], to=TensorProto.INT64),
        helper.make_node("Reshape", ["i", "minus"], ["flat"]),
        helper.make_node("Expand", ["one", "flat"], ["y"]),
    ]
    constants = {"minus": numpy.array([-1]), "one": numpy.float32(1)}
    graph = read(written(tmp_path, nodes, constants))
    with pytest.raises(Missing, match="ONNX value x is a size that data decides"):
        check(graph, {**TABLE, "Expand": abs, "Cast": abs}, "on_numpy")


def test_size_used_as_data_is_missing(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Shape", ["x"], ["shape"]),
        helper.make_node("Cast", ["shape"], ["f"], to=TensorProto.FLOAT),
        helper.make_node("Add", ["f", "f"], ["y"]),
    ]
    graph = read(written(tmp_path, nodes, {}))
    with pytest.raises(Missing, match="ONNX value shape is a size that is used as data"):
        check(graph, {**TABLE, "Cast": abs}, "on_numpy")


def test_older_files_are_missing(tmp_path: Path) -> None:
    with pytest.raises(Missing, match="opset 12; peers read 13"):
        read(written(tmp_path, [helper.make_node("Relu", ["x"], ["y"])], {}, opset=12))


def test_workload_without_onnx_is_missing(tmp_path: Path) -> None:
    with pytest.raises(Missing, match=r"no model\.onnx"):
        read(tmp_path)


def test_weights_beside_the_file_are_read(tmp_path: Path) -> None:
    written(tmp_path, [helper.make_node("Add", ["x", "b"], ["y"])], {"b": normal(4)})
    model = load(tmp_path / "model.onnx")
    save(model, tmp_path / "model.onnx", save_as_external_data=True, size_threshold=0)
    (y,) = evaluated(read(tmp_path), {"x": numpy.zeros((1, 4), numpy.float32)})
    assert numpy.array_equal(y[0], normal(4))


def test_attention_becomes_one_node(tmp_path: Path) -> None:
    arrays = {name: normal(2, 3, 5, 4) + i for i, name in enumerate("qkv")}
    arrays["bias"] = numpy.where(normal(2, 1, 1, 5) > 0, 0, -1e30).astype(numpy.float32)
    graph = exported(tmp_path, attended, arrays)
    fused = onnx_attention.with_attention(graph)
    assert [node.op for node in fused.nodes] == ["ScaledDotProductAttention"]
    assert fused.nodes[0].attributes == {"scale": 0.5}
    (expected,), (found,) = evaluated(graph, arrays), evaluated(fused, arrays)
    assert numpy.allclose(found, expected, rtol=1e-5)
    assert numpy.allclose(expected, attended(**arrays), rtol=1e-5)


def test_attention_without_a_mask_and_other_products(tmp_path: Path) -> None:
    arrays = {name: normal(1, 2, 5, 4) + i for i, name in enumerate("qkv")}

    def unmasked(q: Any, k: Any, v: Any) -> Any:
        scores = np.matmul(q, np.permute_dims(k, (0, 1, 3, 2)))
        return np.matmul(npx.softmax(scores, axis=-1), v), np.matmul(scores, v)

    graph = exported(tmp_path, unmasked, arrays)
    fused = onnx_attention.with_attention(graph)
    ops = [node.op for node in fused.nodes]
    assert ops.count("ScaledDotProductAttention") == 1
    assert ops.count("MatMul") == 2  # the scores, which an output needs, and that output
    for found, expected in zip(evaluated(fused, arrays), evaluated(graph, arrays), strict=True):
        assert numpy.allclose(found, expected, rtol=1e-5)


def test_images_with_channels_last(tmp_path: Path) -> None:
    arrays = {"x": normal(2, 3, 6, 6)}
    graph = exported(tmp_path, pooled, arrays)
    laid = onnx_layout.channels_last(graph)
    moved = [node.op for node in laid.nodes if "layout" in node.attributes]
    assert moved == ["Conv", "Relu", "Conv", "Add", "Relu", "GlobalAveragePool"]
    assert [node.op for node in laid.nodes].count("Transpose") == 2  # on entering and on leaving
    (expected,), (found,) = evaluated(graph, arrays), evaluated(laid, arrays)
    assert numpy.allclose(found, expected, rtol=1e-5)
    assert numpy.allclose(expected, pooled(**arrays), rtol=1e-5)


def text(folder: Path) -> tuple[Any, list[dict[str, Array]]]:
    """With named sizes, and sets of two sizes."""
    net = Text()
    net.initialize(seed=0)
    specs = {"x": im.spec("float32", ["b", "s", 8]), "mask": im.spec("int32", ["b", "s"])}
    im.export(net, specs, folder / "model.onnx")
    mask = numpy.array([[1] * 6, [1] * 4 + [0] * 2], numpy.int32)
    sets = [{"x": normal(2, 6, 8), "mask": mask}, {"x": -normal(1, 3, 8), "mask": mask[:1, :3]}]
    return net, sets


def image(folder: Path) -> tuple[Any, list[dict[str, Array]]]:
    sets = [{"x": normal(2, 3, 6, 6)}]
    exported(folder, pooled, sets[0])
    return pooled, sets


@pytest.mark.parametrize("program", [text, image])
@pytest.mark.parametrize("variant", PEERS, ids=lambda variant: variant.name)
def test_peer_agrees(variant: Variant, program: Any, tmp_path: Path) -> None:
    try:
        environments.interpreter(variant.environment)
    except BackendMissing as problem:
        pytest.skip(str(problem))
    function, sets = program(tmp_path)
    write_sets(tmp_path / "inputs.npz", sets)
    record = measured(tmp_path, variant, 1, 0.01, outputs=tmp_path / "outputs.npz")
    assert record["runtime"].split()[0] == variant.home
    for arrays, (found,) in zip(sets, read_outputs(tmp_path / "outputs.npz"), strict=True):
        assert numpy.allclose(found, function(**arrays), rtol=1e-4, atol=1e-5)
