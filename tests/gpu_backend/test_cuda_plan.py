"""What CUDA would make of a program, told by the table of its kernels; no GPU is needed."""

from __future__ import annotations

from typing import Any

import numpy
import pytest
from operator_samples import SAMPLES

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

import onnx
from onnx import TensorProto, helper

import isthmus as im
from isthmus import np, npx
from isthmus.errors import BackendMissing, UsageError
from isthmus.extend import Kernel
from isthmus.gpu_backend import GpuBackend, cuda_kernels
from isthmus.gpu_backend.cuda_plan import CudaPlan, cuda_plan
from isthmus.onnx.write.builder import Model
from isthmus.onnx.write.protos import HIGHEST_OPSET, all_nodes
from isthmus.program.options import Options
from isthmus.program.precision import in_precision
from isthmus.program.prepared import prepared
from isthmus.trace.op import Op
from isthmus.trace.tracing import Traced, trace

GPU = GpuBackend()


def plan_of(function: Any, specs: Any, precision: str = "f32") -> CudaPlan:
    return plan_of_traced(trace(function, specs), precision)


def plan_of_traced(traced: Traced, precision: str = "f32") -> CudaPlan:
    options = Options(precision, device="cuda")
    made = in_precision(traced, options, [], GPU)
    return GPU.plan(prepared(made.graph, GPU, options), options)


MODELS = {
    "bert-base": ({"batch": "batch", "seq": "seq"}, {"batch": 2, "seq": 128}),
    "resnet-50": ({"batch": "batch"}, {"batch": 1}),
    "mobilenet-v2": ({"batch": "batch", "height": "h", "width": "w"}, {"batch": 8}),
}


@pytest.mark.parametrize("precision", ["f32", "f16", "bf16"])
@pytest.mark.parametrize("sizes", ["named", "numbers"])
@pytest.mark.parametrize("name", MODELS)
def test_models_have_a_kernel_for_every_node_and_fit_a_graph(
    name: str, sizes: str, precision: str
) -> None:
    sizes_of: dict[str, Any] = {"width": 24, "inner": 48, "vocabulary": 50}
    small = sizes_of if name.startswith("bert") else {}
    net = im.models.create(name, **small)
    given = MODELS[name][sizes == "numbers"]
    plan = plan_of(net, net.specs(**given), precision)
    assert plan.without_kernel == ()
    assert plan.not_in_graph == ()
    assert plan.opset <= HIGHEST_OPSET
    assert plan.lines() == [
        f"on CUDA: opset {plan.opset}, every node has a kernel", "a CUDA graph can hold it"
    ]  # fmt: skip


@pytest.mark.parametrize("op", SAMPLES, ids=str)
def test_what_the_backend_takes_cuda_has_a_kernel_for(op: Op[..., Any]) -> None:
    """Of every operator's samples, as they are lowered for CUDA, in each precision."""
    options = Options(device="cuda")
    for sample in SAMPLES[op]:
        places = [
            i for i, o in enumerate(sample.operands) if isinstance(o, numpy.ndarray | numpy.generic)
        ]

        def call(*arrays: Any, places: Any = places, sample: Any = sample) -> Any:
            operands = list(sample.operands)
            for place, array in zip(places, arrays, strict=True):
                operands[place] = array
            return op(*([operands] if op.variadic else operands), **sample.attributes)

        arrays = [numpy.asarray(sample.operands[i]) for i in places]
        if not arrays:
            continue
        traced = trace(call, tuple(im.spec(a.dtype, a.shape) for a in arrays))
        graph = prepared(traced.graph, GPU, options)
        if any(GPU.refuses(node, options) for node in graph.nodes()):
            continue
        assert GPU.plan(graph, options).without_kernel == ()
        for precision in ("f16", "bf16"):
            assert plan_of_traced(traced, precision).without_kernel == ()


def a_model(
    *nodes: onnx.NodeProto, opset: int, element: int = TensorProto.FLOAT, domain: str = "my.ops"
) -> Model:
    x = helper.make_tensor_value_info("x", element, [1, 3, 8, 8])
    y = helper.make_tensor_value_info("y", element, None)
    graph = helper.make_graph(nodes, "net", [x], [y])
    proto = helper.make_model(
        graph, opset_imports=[helper.make_opsetid(*of) for of in (("", opset), (domain, 1))]
    )
    return Model(proto, {}, {})


POOL = helper.make_node("MaxPool", ["x"], ["y"], name="pool", kernel_shape=[2, 2])


@pytest.mark.parametrize(("opset", "lacking"), [(12, 0), (21, 0), (22, 1)])
def test_a_kernel_without_an_end_is_for_the_opset_it_begins_with(opset: int, lacking: int) -> None:
    """MaxPool was defined anew by opset 22, for which ONNX Runtime 1.31 registers no kernel."""
    plan = cuda_plan(a_model(POOL, opset=opset))
    assert len(plan.without_kernel) == lacking == len(plan.not_in_graph)
    if lacking:
        (said,) = plan.without_kernel
        assert said == "MaxPool 'pool': CUDA has no kernel for it as of opset 22"
        assert plan.lines()[0] == f"on CUDA without a kernel: {said}"


def test_types_without_a_kernel_are_named() -> None:
    node = helper.make_node("Elu", ["x"], ["y"], name="elu")
    assert cuda_plan(a_model(node, opset=13)).without_kernel == ()
    (said,) = cuda_plan(a_model(node, opset=13, element=TensorProto.BFLOAT16)).without_kernel
    assert said.startswith("Elu 'elu': CUDA has no kernel for it of ") and "bfloat16" in said


def test_an_operation_that_cuda_does_not_know() -> None:
    node = helper.make_node("Det", ["x"], ["y"], name="det")
    (said,) = cuda_plan(a_model(node, opset=13)).without_kernel
    assert said == "Det 'det': CUDA has no kernel for it"


def test_a_custom_operator_counts_where_its_kernel_is_for_cuda() -> None:
    node = helper.make_node("Mine", ["x"], ["y"], name="mine", domain="my.ops")
    model = a_model(node, opset=13)
    for devices, count in ((("cpu",), 1), (("cpu", "cuda"), 0)):
        kernel = Kernel("ops.so", "Mine", "my.ops", devices=devices)
        plan = cuda_plan(Model(model.proto, {}, {}, (kernel,)))
        assert len(plan.without_kernel) == count


def not_in_graph(function: Any, *specs: Any) -> str:
    return "; ".join(plan_of(function, specs).not_in_graph)


def test_why_a_cuda_graph_cannot_hold_a_program() -> None:
    x, n = im.spec("float32", ["n", 3]), im.spec("float32", ["n"])
    assert not_in_graph(lambda x: np.tanh(np.reshape(x, (-1,))), x) == ""
    said = not_in_graph(lambda x: npx.cond(np.sum(x) > 0, lambda: x, lambda: -x), n)
    assert said.startswith("If ") and "decides on the host what runs" in said
    assert "takes a size as a number" in not_in_graph(lambda x: x * x.shape[0], n)


def test_a_program_that_cuda_computes_in_part_is_refused_before_it_is_loaded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nothing that the backend takes lacks a kernel; so one is taken out of the table."""
    fewer = {name: of for name, of in cuda_kernels.kernels().items() if name != "Tanh"}
    spec = im.spec("float32", ["n"])
    with pytest.raises(BackendMissing):
        im.compile(np.tanh, spec, backend="gpu", device="cuda", on_host="error")
    monkeypatch.setattr("isthmus.gpu_backend.cuda_plan.kernels", lambda: fewer)
    with pytest.raises(UsageError) as raised:
        im.compile(np.tanh, spec, backend="gpu", device="cuda", on_host="error")
    said = str(raised.value)
    assert "computes Tanh 'np.tanh" in said and "CUDA has no kernel for it" in said
    assert "\n" not in said
    run = im.compile(np.tanh, spec, backend="gpu", device="cpu", on_host="error")
    assert "on CUDA without a kernel: Tanh 'np.tanh" in run.explain()


def test_explain_says_what_cuda_makes_of_it() -> None:
    run = im.compile(np.tanh, im.spec("float32", ["n"]), backend="gpu", device="cpu")
    assert "   on CUDA: opset 18, every node has a kernel" in run.explain().splitlines()
    assert "   a CUDA graph can hold it" in run.explain().splitlines()


# What ONNX tried out in its first versions, and took back.
OLD = {"Affine", "Crop", "DynamicSlice", "ImageScaler", "ParametricSoftplus", "ScaledTanh"}
OLD |= {
    "MemcpyFromHost",
    "MemcpyToHost",
    "Scale",
    "SimplifiedLayerNormalization",
}  # and two of the runtime's own


def test_the_table_says_what_it_was_made_of() -> None:
    assert cuda_kernels.source().startswith("onnxruntime-gpu 1.")
    known = cuda_kernels.kernels()
    assert len(known) > 100
    for name, of in known.items():
        assert onnx.defs.has(name) or name in OLD, name
        assert all(kernel.first <= kernel.last for kernel in of), name
    assert {kernel.last for kernel in known["MaxPool"] if kernel.first == 12} == {cuda_kernels.OPEN}


def test_bodies_are_looked_into() -> None:
    """The nodes of a loop's body count as any other."""

    def program(x: Any) -> Any:
        return npx.foreach(lambda row, total: (np.tanh(row), total + row), x, x[0])

    traced = trace(program, (im.spec("float32", [3, 4]),))
    options = Options(device="cuda")
    from isthmus.onnx.write.model import build

    model = build(prepared(traced.graph, GPU, options))
    kinds = {node.op_type for node in all_nodes(model.proto.graph.node)}
    assert "Tanh" in kinds and kinds & {"Scan", "Loop"}
    assert cuda_plan(model).without_kernel == ()
