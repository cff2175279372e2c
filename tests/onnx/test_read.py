"""ONNX files as blocks: names, sizes, control flow, functions, and what a block can be asked."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path
from typing import Any

import numpy
import pytest
from onnx import helper
from onnx_files import body, by_runtime, node, written

import isthmus as im
from isthmus.errors import UsageError

F, L, B = "float32", "int64", "bool"
BACKENDS: dict[str, dict[str, Any]] = {
    "numpy": {"backend": "numpy"},
    "cpu": {"backend": "cpu"},
    "gpu": {"backend": "gpu", "device": "cpu"},
}


def check(path: Path, inputs: dict[str, Any], *, named: bool = True) -> Any:
    """The block, equal to ONNX Runtime eagerly and on each backend, with sizes named and known."""
    net, wanted = im.load(path), by_runtime(path, inputs)
    same(net(**inputs), wanted)
    known = {name: im.spec(array.dtype, array.shape) for name, array in inputs.items()}
    for options in BACKENDS.values():
        for specs in (known, net.specs()) if named else (known,):
            same(im.compile(net, specs, **options)(**inputs), wanted)
    return net


def same(found: Any, wanted: list[Any]) -> None:
    listed = list(found.values()) if isinstance(found, dict) else [found]
    for a, b in zip(listed, wanted, strict=True):
        assert (numpy.asarray(a).dtype, numpy.shape(a)) == (b.dtype, b.shape)
        numpy.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


def normal(*shape: int) -> Any:
    return numpy.random.default_rng(len(shape)).standard_normal(shape, numpy.float32)


def test_names_of_any_kind(tmp_path: Path) -> None:
    inputs = {"input.1": normal(2, 3), "x:0": normal(3), "été/größe": normal(1)}
    nodes = [node("Add", ["input.1", "x:0"], ["a"]), node("Mul", ["a", "été/größe"], ["out/put:0"])]
    kinds = {name: (F, array.shape) for name, array in inputs.items()}
    net = check(written(tmp_path, nodes, kinds, ["out/put:0"]), inputs)
    assert net.inputs == list(inputs)
    same(net(*inputs.values()), [(inputs["input.1"] + inputs["x:0"]) * inputs["été/größe"]])


def test_several_results_are_a_dict(tmp_path: Path) -> None:
    nodes = [node("Relu", ["x"], ["a.b"]), node("Neg", ["x"], ["c"])]
    net = check(written(tmp_path, nodes, {"x": (F, ["n", 2])}, ["c", "a.b"]), {"x": normal(3, 2)})
    assert list(net(normal(1, 2))) == ["c", "a.b"]


def test_an_input_with_a_default(tmp_path: Path) -> None:
    nodes = [node("Add", ["x", "bias"], ["y"])]
    kinds = {"x": (F, [2]), "bias": (F, [2])}
    net = im.load(written(tmp_path, nodes, kinds, ["y"], {"bias": numpy.ones(2, F)}))
    x = normal(2)
    same(net(x), [x + 1])
    same(net(x, bias=x), [x + x])
    assert list(net.specs()) == ["x"]


def test_sizes_that_the_file_leaves_open(tmp_path: Path) -> None:
    kinds = {"x": (F, ["batch size", "unk__7", None, 4])}
    net = im.load(written(tmp_path, [node("Relu", ["x"], ["y"])], kinds, ["y"]))
    assert str(net.specs()["x"]) == "float32[batch_size, unk_7, x_2, 4]"
    assert str(net.specs(unk_7=3, x_2="seq")["x"]) == "float32[batch_size, 3, seq, 4]"
    with pytest.raises(UsageError, match="has no open size 'rows'; it has batch_size, unk_7, x_2"):
        net.specs(rows=1)


SHAPED = [
    node("Shape", ["x"], ["shape"]),
    node("Gather", ["shape", "zero"], ["batch"], axis=0),
    node("Slice", ["shape", "one", "two"], ["seq"]),
    node("Unsqueeze", ["batch", "axis"], ["batch_"]),
    node("Mul", ["seq", "half"], ["seq2"]),
    node("Div", ["seq2", "half"], ["seq3"]),
    node("Concat", ["batch_", "seq3", "heads"], ["target"], axis=0),
    node("Reshape", ["x", "target"], ["y"]),
    node("ConstantOfShape", ["target"], ["ones"], value=helper.make_tensor("v", 1, [1], [2.0])),
    node("Add", ["y", "ones"], ["z"]),
    node("Cast", ["seq"], ["as_float"], to=1),
    node("Mul", ["z", "as_float"], ["out"]),
]
SHAPED_CONSTANTS: dict[str, Any] = {
    **{"zero": 0, "one": [1], "two": [2], "axis": [0], "half": [2], "heads": [2, -1]}
}


def test_shapes_are_computed_while_recording(tmp_path: Path) -> None:
    nodes = [*SHAPED[:6], SHAPED[6], SHAPED[7], node("Identity", ["y"], ["out"])]
    path = written(tmp_path, nodes, {"x": (F, ["b", "s", 6])}, ["out"], SHAPED_CONSTANTS)
    net = check(path, {"x": normal(3, 5, 6)})
    traced = im.trace(net, net.specs())
    assert [str(n.op.name) for n in traced.graph.nodes()] == ["np.reshape"]
    assert str(traced.graph.outputs[0].type) == "float32[b, s, 2, 3]"


def test_sizes_that_are_data_too(tmp_path: Path) -> None:
    constants = {**SHAPED_CONSTANTS, "heads": [2, 3]}
    nodes = SHAPED
    check(
        written(tmp_path, nodes, {"x": (F, ["b", "s", 6])}, ["out"], constants),
        {"x": normal(3, 5, 6)},
    )


def test_an_input_that_decides_a_shape_is_fixed(tmp_path: Path) -> None:
    nodes = [node("Mul", ["shape", "two"], ["s"]), node("Reshape", ["x", "s"], ["y"])]
    kinds = {"x": (F, [2, 6]), "shape": (L, [2])}
    path = written(tmp_path, nodes, kinds, ["y"], {"two": numpy.array([2, 1])})
    inputs = {"x": normal(2, 6), "shape": numpy.array([2, 3])}
    net, wanted = im.load(path), by_runtime(path, inputs)
    same(net(**inputs), wanted)
    assert net.deciding == ["shape"]
    fixed = net.fixed(shape=inputs["shape"])
    assert (fixed.inputs, net.inputs) == (["x"], ["x", "shape"])
    for options in BACKENDS.values():
        same(im.compile(fixed, fixed.specs(), **options)(x=inputs["x"]), wanted)


def test_a_range_up_to_a_computed_number(tmp_path: Path) -> None:
    nodes = [
        node("ReduceMax", ["n"], ["most"], keepdims=0),
        node("Range", ["zero", "most", "one"], ["steps"]),
        node("Unsqueeze", ["n", "axis"], ["column"]),
        node("Less", ["steps", "column"], ["mask"]),
    ]
    constants = {"zero": 0, "one": 1, "axis": [1]}
    path = written(tmp_path, nodes, {"n": (L, ["b"])}, ["mask"], constants)
    check(path, {"n": numpy.array([2, 5, 0])})


# Control flow


def branches(tmp_path: Path, condition: str = "go") -> Path:
    then = body("t", [node("Mul", ["x", "w"], ["a"])], {}, {"a": (F, None)})
    other = body("e", [node("Neg", ["x"], ["b"])], {}, {"b": (F, None)})
    nodes = [node("If", [condition], ["y"], then_branch=then, else_branch=other)]
    kinds = {"x": (F, ["n", 2]), "go": (B, [])}
    return written(tmp_path, nodes, kinds, ["y"], {"w": numpy.full(2, 3, F), "yes": True})


@pytest.mark.parametrize("go", [True, False])
def test_a_branch(go: bool, tmp_path: Path) -> None:
    check(branches(tmp_path), {"x": normal(3, 2), "go": numpy.array(go)})


def test_a_branch_that_is_known_is_alone(tmp_path: Path) -> None:
    net = im.load(branches(tmp_path, "yes"))
    traced = im.trace(net, net.specs())
    assert [n.op.name for n in traced.graph.nodes()] == ["np.multiply"]


def loop(tmp_path: Path, limit: str, go: str) -> Path:
    nodes = [
        node("Add", ["sum", "x"], ["sum_"]),
        node("ReduceSum", ["sum_"], ["total"], keepdims=0),
        node("Less", ["total", "most"], ["again"]),
        node("Identity", ["sum_"], ["row"]),
    ]
    step = body(
        "step",
        nodes,
        {"i": (L, []), "go": (B, []), "sum": (F, [2])},
        {"again": (B, []), "sum_": (F, [2]), "row": (F, [2])},
    )
    made = [node("Loop", [limit, go, "x"], ["last", "rows"], body=step)]
    kinds = {"x": (F, [2]), "n": (L, []), "g": (B, [])}
    constants = {"most": numpy.float32(20), "three": 3, "yes": True}
    return written(tmp_path, made, kinds, ["last", "rows"], constants)


@pytest.mark.parametrize("limit, go", [("n", "g"), ("three", "yes"), ("n", ""), ("", "g")])
@pytest.mark.parametrize("n", [1, 4, 100])
def test_a_loop(limit: str, go: str, n: int, tmp_path: Path) -> None:
    x = numpy.array([1, 2], F)
    inputs = {"x": x, "n": numpy.array(n), "g": numpy.array(True)}
    check(loop(tmp_path, limit, go), inputs)


@pytest.mark.parametrize("backward", [0, 1])
def test_a_scan(backward: int, tmp_path: Path) -> None:
    nodes = [node("Add", ["s", "row"], ["s_"]), node("Mul", ["s_", "w"], ["y"])]
    step = body("s", nodes, {"s": (F, [2]), "row": (F, [2])}, {"s_": (F, [2]), "y": (F, [2])})
    made = [
        node(
            *("Scan", ["start", "x"], ["last", "rows"]),
            body=step, num_scan_inputs=1,
            scan_input_axes=[1], scan_input_directions=[backward], scan_output_directions=[1],
        )
    ]  # fmt: skip
    kinds = {"start": (F, [2]), "x": (F, [2, "t"])}
    path = written(tmp_path, made, kinds, ["last", "rows"], {"w": normal(2)})
    check(path, {"start": normal(2), "x": normal(2, 5)})


def test_functions_of_the_file_and_of_the_standard(tmp_path: Path) -> None:
    own = helper.make_function(
        "own",
        "Twice",
        ["v"],
        ["w"],
        [node("Add", ["v", "v"], ["w"])],
        [helper.make_opsetid("", 20)],
    )
    nodes = [
        node("Twice", ["x"], ["a"], domain="own"),
        node("Celu", ["a"], ["b"], alpha=0.5),
        node("MeanVarianceNormalization", ["b"], ["y"], axes=[0]),
    ]
    path = written(
        tmp_path, nodes, {"x": (F, ["n", 3])}, ["y"],
        functions=[own], opsets=[helper.make_opsetid("own", 1)],
    )  # fmt: skip
    check(path, {"x": normal(4, 3)})


# What a block is asked


def dense(tmp_path: Path) -> Path:
    nodes = [node("MatMul", ["x", "layer.weight"], ["a"]), node("Add", ["a", "layer.bias"], ["y"])]
    constants = {"layer.weight": normal(4, 3), "layer.bias": normal(3)}
    return written(tmp_path, nodes, {"x": (F, ["n", 4])}, ["y"], constants)


def test_weights_are_parameters(tmp_path: Path) -> None:
    net = im.load(dense(tmp_path))
    assert list(net.parameters()) == ["layer.weight", "layer.bias"]
    exe = im.compile(net, net.specs())
    assert exe.cost(n=1).parameters == 15
    net.set_parameters({"layer.bias": numpy.zeros(3)}, strict=False)
    x = normal(2, 4)
    same(net(x), [x @ net.parameters()["layer.weight"].data()])
    copied = pickle.loads(pickle.dumps(copy.deepcopy(net)))
    same(copied(x), [net(x)])


def test_saved_exported_hybridized_and_differentiated(tmp_path: Path) -> None:
    net, x = im.load(dense(tmp_path)), normal(2, 4)
    wanted = [net(x)]
    im.compile(net, net.specs()).save(tmp_path / "net.im")
    same(im.load(tmp_path / "net.im")(x=x), wanted)
    im.export(net, net.specs(), tmp_path / "again.onnx")
    same(im.load(tmp_path / "again.onnx")(x), wanted)
    im.export(net, net.specs(), tmp_path / "net.xml")
    net.hybridize(backend="cpu")
    same(net(x), wanted)
    weight = net.parameters()["layer.weight"].data()
    found = im.grad(lambda x: im.np.sum(im.load(tmp_path / "model.onnx")(x)))(x)
    numpy.testing.assert_allclose(found, numpy.broadcast_to(weight.sum(1), (2, 4)), rtol=1e-5)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ((), "no array for x; give one"),
        ((normal(2, 4), normal(2, 4)), "takes 1 arrays; 2 given"),
        ((numpy.ones((2, 4)),), r"'x' is of float32, float64 given; give x.astype\('float32'\)"),
        ((normal(4),), r"'x' has 2 axes, \(4,\) given"),
    ],
)
def test_other_arguments(arguments: Any, reason: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=reason):
        im.load(dense(tmp_path))(*arguments)


def test_other_names_and_options(tmp_path: Path) -> None:
    net = im.load(dense(tmp_path))
    with pytest.raises(UsageError, match="has no input 'z'; it has x"):
        net(z=normal(2, 4))
    with pytest.raises(UsageError, match="loaded as a block, without options"):
        im.load(tmp_path / "model.onnx", backend="gpu")
