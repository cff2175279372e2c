"""The ONNX models of the gpu backend: opset, names, sizes, shared weights; and its errors."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy
import onnx
import pytest

import isthmus as im
from isthmus import np, npx
from isthmus.errors import BackendMissing, IsthmusError, UsageError
from isthmus.gpu_backend import GpuBackend
from isthmus.gpu_backend.device import device_of
from isthmus.gpu_backend.executor import OnnxRunner
from isthmus.gpu_backend.sharing import shared
from isthmus.graph.passes import expand
from isthmus.onnx.write.builder import Model
from isthmus.onnx.write.model import build
from isthmus.program.options import Options
from isthmus.program.precision import check_offered

onnxruntime = pytest.importorskip("onnxruntime")

CPU = Options(device="cpu")
F32 = numpy.float32
random = numpy.random.default_rng(0)


def graph_of(function: Any, specs: Any) -> im.Graph:
    backend = GpuBackend()
    return expand(im.trace(function, specs).graph, lambda node: backend.fuses(node, CPU))


def model_of(function: Any, specs: Any) -> Model:
    return build(graph_of(function, specs))


def operations(model: Model) -> Counter[str]:
    return Counter(node.op_type for node in model.proto.graph.node)


def weight(*shape: int) -> Any:
    return random.standard_normal(shape, F32)


IMAGE = im.spec("float32", ["batch", 3, 8, 8])
TOKENS = im.spec("float32", ["batch", "seq", 48])


def small_cnn(x: Any) -> Any:
    y = npx.convolution(x, KERNEL, padding=1)
    y = npx.relu6(npx.batch_norm(y, *STATISTICS))
    return npx.softmax(npx.global_average_pool(npx.max_pool(y, window=2)), axis=1)


KERNEL = weight(8, 3, 3, 3)
STATISTICS = (weight(8), weight(8), weight(8), abs(weight(8)))


def test_cnn_needs_no_opset_above_what_max_pool_has_on_cuda() -> None:
    model = model_of(small_cnn, IMAGE)
    assert model.opset == 15
    assert operations(model) == {
        "Conv": 1, "BatchNormalization": 1, "Clip": 1, "MaxPool": 1, "GlobalAveragePool": 1,
        "Softmax": 1,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("function", "opset"),
    [(np.tanh, 13), (np.add, 14), (npx.relu, 14), (np.mean, 18), (npx.gelu, 20)],
    ids=str,
)
def test_opset_is_the_lowest_the_graph_needs(function: Any, opset: int) -> None:
    specs = (im.spec("float32", ["n", 4]),) * len(function.array_names)
    model = model_of(function, specs)
    assert model.opset == opset
    lowest = onnx.helper.find_min_ir_version_for([onnx.helper.make_opsetid("", opset)])
    assert model.proto.ir_version == lowest <= 10


def test_highest_opset_of_any_row_is_one_that_max_pool_has_on_cuda() -> None:
    model = model_of(lambda x: np.mean(npx.gelu(npx.max_pool(x, window=2))), IMAGE)
    assert model.opset == 20


def attention(x: Any) -> Any:
    def heads(name: str) -> Any:
        y = npx.fully_connected(x, PROJECTIONS[name], BIAS)
        return np.permute_dims(np.reshape(y, (*x.shape[:2], 12, 4)), (0, 2, 1, 3))

    y = npx.scaled_dot_product_attention(heads("q"), heads("k"), heads("v"))
    y = np.reshape(np.permute_dims(y, (0, 2, 1, 3)), x.shape)
    return npx.layer_norm(x + npx.fully_connected(y, PROJECTIONS["o"], BIAS), BIAS, BIAS)


PROJECTIONS = {name: weight(48, 48) for name in "qkvo"}
BIAS = weight(48)


def test_heads_are_split_by_constants_and_one_shape_serves_all_dense_layers() -> None:
    model = model_of(attention, TOKENS)
    found = operations(model)
    assert (found["Shape"], found["Gather"], found["Concat"]) == (2, 2, 1)
    assert (found["Gemm"], found["LayerNormalization"], found["MatMul"]) == (4, 1, 2)
    patterns = [onnx.numpy_helper.to_array(t).tolist() for t in model.proto.graph.initializer
                if t.data_location == onnx.TensorProto.DEFAULT and t.dims == [4]]  # fmt: skip
    assert [0, 0, 12, 4] in patterns


def test_dense_layer_with_one_unknown_size_is_reshaped_by_constants() -> None:
    model = model_of(
        lambda x: npx.fully_connected(x, BIAS[None], None), im.spec("float32", ["batch", 7, 48])
    )
    assert operations(model) == {"Reshape": 2, "Gemm": 1}


def test_model_has_the_programs_names_and_named_sizes() -> None:
    model = model_of(
        lambda ids, mask: {"sum": np.sum(ids * mask, axis=1), "ids": ids},
        {"ids": im.spec("float32", ["batch", "seq"]), "mask": im.spec("float32", ["batch", "seq"])},
    )
    body = model.proto.graph
    assert [v.name for v in body.input] == ["ids", "mask"]
    assert [v.name for v in body.output] == ["sum", "ids#2"]  # a name belongs to one array
    assert [d.dim_param for d in body.input[0].type.tensor_type.shape.dim] == ["batch", "seq"]
    assert [d.dim_param for d in body.output[0].type.tensor_type.shape.dim] == ["batch"]


def test_weights_have_their_parameters_names_and_nodes_their_lines() -> None:
    class Net(im.nn.Block):
        def __init__(self) -> None:
            self.dense = im.nn.Dense(64, 48)

        def forward(self, x: Any) -> Any:
            return self.dense(x)

    net = Net()
    net.initialize(0)
    model = model_of(net, im.spec("float32", ["batch", 48]))
    assert list(model.weights) == ["dense.weight"]
    assert model.weights["dense.weight"] is net.dense.weight.data()
    assert [n.name.partition("@")[0] for n in model.proto.graph.node] == ["npx.fully_connected"]
    assert len(model.proto.SerializeToString()) < 2000


def test_the_session_reads_the_weights_where_they_are() -> None:
    table = weight(1000, 8)
    before = table[:]
    table.flags.writeable = False
    program = im.compile(
        lambda i: np.take(table, i, axis=0), im.spec("int32", [2]), backend="gpu", device="cpu"
    )
    before[7] = 42  # a copy would not see this
    assert (program(numpy.array([7, 7], numpy.int32)) == 42).all()


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_weights_are_held_once_and_not_again_in_the_model() -> None:
    script = """
import numpy, isthmus as im
from isthmus import np
rss = lambda: int(open("/proc/self/statm").read().split()[1]) * 4096
def load(table):
    program = im.compile(lambda i: np.take(table, i, axis=0), im.spec("int32", ["n"]),
                         backend="gpu", device="cpu", threads=1)
    assert program(numpy.array([3], numpy.int32)).shape == (1, 64)
    return program
load(numpy.ones((64, 64), numpy.float32))  # what importing and the first session cost
table = numpy.ones((1 << 20, 64), numpy.float32)
table.flags.writeable = False
before = rss()
program = load(table)
print((rss() - before) / table.nbytes)
"""
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert found.returncode == 0, found.stderr
    assert float(found.stdout) < 0.1


def test_outputs_are_new_arrays() -> None:
    program = im.compile(
        lambda x: (np.reshape(x, (4,)), x), im.spec("float32", [2, 2]), backend="gpu", device="cpu"
    )
    x = numpy.ones((2, 2), F32)
    first, second = program(x)
    first[:], second[:] = 5, 6
    assert (x == 1).all()
    assert (program(x)[0] == 1).all()


def test_weight_that_the_runtime_may_transpose_is_not_shared() -> None:
    square = weight(64, 64)

    def function(x: Any) -> Any:
        return npx.relu(np.permute_dims(np.permute_dims(x, (1, 0)) + square, (1, 0)))

    spec, x = im.spec("float32", [64, 64]), weight(64, 64)
    assert shared(model_of(function, spec)) == []
    found = im.compile(function, spec, backend="gpu", device="cpu")(x)
    numpy.testing.assert_array_equal(found, numpy.maximum(x + square.T, 0))


def test_weights_beside_transposes_stay_right() -> None:
    table, dense = weight(64, 64), weight(64, 64)

    def function(x: Any, i: Any) -> Any:
        rows = np.permute_dims(np.take(table, i, axis=0), (1, 0))
        y = npx.fully_connected(np.permute_dims(x, (1, 0)), dense, None)
        return np.permute_dims(y, (1, 0)) * rows + np.permute_dims(rows + 1, (1, 0))

    specs = (im.spec("float32", [64, 64]), im.spec("int32", [64]))
    assert len(shared(model_of(function, specs))) == 2
    arrays = weight(64, 64), random.integers(0, 64, 64, numpy.int32)
    found = im.compile(function, specs, backend="gpu", device="cpu")(*arrays)
    wanted = im.compile(function, specs, backend="numpy")(*arrays)
    numpy.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-4)


def test_network_of_images_equals_numpy() -> None:
    x = weight(2, 3, 8, 8)
    (found,) = OnnxRunner(graph_of(small_cnn, IMAGE), CPU)([x], {"batch": 2})
    wanted = im.compile(small_cnn, IMAGE, backend="numpy")(x)
    numpy.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5)


def test_several_threads_may_call_one_program() -> None:
    program = im.compile(attention, TOKENS, backend="gpu", device="cpu", threads=1)
    inputs = [weight(1 + i % 3, 2 + i, 48) for i in range(16)]
    wanted = [program(x) for x in inputs]
    with ThreadPoolExecutor(4) as pool:
        for found, one in zip(pool.map(program, inputs), wanted, strict=True):
            numpy.testing.assert_array_equal(found, one)


def test_importing_the_backend_imports_no_runtime() -> None:
    script = (
        "import sys, isthmus, isthmus.gpu_backend; "
        "sys.exit(any(m in sys.modules for m in ('onnx', 'onnxruntime', 'openvino')))"
    )
    assert subprocess.run([sys.executable, "-c", script]).returncode == 0


def has_cuda() -> bool:
    return "CUDAExecutionProvider" in onnxruntime.get_available_providers()


@pytest.mark.skipif(has_cuda(), reason="this onnxruntime has CUDA")
@pytest.mark.parametrize("device", [None, "cuda"])
def test_missing_cuda_says_what_to_install(device: str | None) -> None:
    with pytest.raises(BackendMissing, match=r"has no CUDA; .*isthmus\[gpu\].*CUDA 13") as e:
        im.compile(np.tanh, im.spec("float32", [2]), backend="gpu", device=device)
    assert e.value.exit_code == 5
    assert "\n" not in str(e.value)


@pytest.mark.skipif(not has_cuda(), reason="this onnxruntime has no CUDA")
def test_cuda_runs_or_says_what_is_missing() -> None:
    try:
        program = im.compile(np.tanh, im.spec("float32", [2]), backend="gpu")
    except BackendMissing as problem:
        assert "isthmus[gpu]" in str(problem)
    else:
        numpy.testing.assert_allclose(program(numpy.ones(2, F32)), numpy.tanh([1, 1]), rtol=1e-6)


def test_runtime_that_is_not_installed_is_a_missing_backend() -> None:
    script = """
import sys
sys.modules["onnxruntime"] = None  # as where it is not installed
import isthmus as im
from isthmus import np
try:
    im.compile(np.tanh, im.spec("float32", [2]), backend="gpu", device="cpu")
except im.IsthmusError as problem:
    print(type(problem).__name__, problem)
"""
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert found.stdout.startswith("BackendMissing ONNX Runtime cannot be imported")
    assert "isthmus[onnx-cpu]" in found.stdout


def test_a_device_that_is_not_offered_is_named() -> None:
    with pytest.raises(UsageError, match="offers 'cuda', 'cuda:1' and so on, and 'cpu'"):
        device_of(Options(device="tpu"))


def test_bf16_is_not_offered_without_cuda() -> None:
    with pytest.raises(UsageError, match=r"'gpu' on cpu has no such arithmetic.*'f32' or 'f16'"):
        check_offered(GpuBackend(), Options("bf16", device="cpu"))
    check_offered(GpuBackend(), Options("bf16"))


def test_what_the_runtime_refuses_is_one_line_with_our_node() -> None:
    program = im.compile(
        lambda x: np.broadcast_to(x, (1 << 20, 1 << 20, 1)), im.spec("float32", [1]),
        backend="gpu", device="cpu",
    )  # fmt: skip
    with pytest.raises(IsthmusError, match=r"np\.broadcast_to@test_gpu_backend_model\.py:\d+") as e:
        program(numpy.ones(1, F32))
    assert "Failed to allocate memory" in str(e.value)
    assert "\n" not in str(e.value)


def test_models_pass_onnxs_checker() -> None:
    for function, spec in [(small_cnn, IMAGE), (attention, TOKENS)]:
        model = model_of(function, spec)
        for tensor in model.proto.graph.initializer:
            if tensor.name in model.weights:
                whole = onnx.numpy_helper.from_array(model.weights[tensor.name], tensor.name)
                tensor.CopyFrom(whole)
        onnx.checker.check_model(model.proto, full_check=True)
