"""Convolution and pooling of ONNX files beside ONNX Runtime, by each backend."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

import isthmus as im
from isthmus.errors import UsageError

F = numpy.float32
BACKENDS: dict[str, dict[str, Any]] = {
    "numpy": {"backend": "numpy"},
    "cpu": {"backend": "cpu"},
    "gpu": {"backend": "gpu", "device": "cpu"},
}
random = numpy.random.default_rng(0)


def f32(*shape: int) -> Any:
    return random.standard_normal(shape).astype(F)


def whole(bits: int, values: Any) -> Any:
    return numpy.array(values, f"int{bits}")


def u8(*shape: int) -> Any:
    return random.integers(0, 256, shape).astype(numpy.uint8)


LINE, IMAGE, SOLID = f32(2, 4, 11), f32(2, 4, 11, 9), f32(1, 2, 5, 6, 7)
BYTES = u8(1, 2, 7, 7)

Case = tuple[str, list[Any], dict[str, Any]]
CASES: dict[str, Case] = {
    "Conv, a line": ("Conv", [LINE, f32(6, 2, 3), f32(6)], {"pads": [1, 2], "group": 2}),
    "Conv, a line, dilated": ("Conv", [LINE, f32(4, 1, 3)], {"group": 4, "dilations": [3]}),
    "Conv, same": ("Conv", [IMAGE, f32(3, 4, 3, 2)], {"auto_pad": "SAME_LOWER", "strides": [2, 2]}),
    "Conv, same, of a pixel": (
        "Conv",
        [IMAGE, f32(3, 4, 1, 1)],
        {"auto_pad": "SAME_UPPER", "strides": [2, 3]},
    ),
    "Conv, a solid": (
        "Conv",
        [SOLID, f32(3, 2, 2, 3, 2), f32(3)],
        {"strides": [1, 2, 3], "pads": [0, 1, 1, 1, 0, 1], "dilations": [2, 1, 1]},
    ),
    "ConvTranspose": ("ConvTranspose", [IMAGE, f32(4, 3, 4, 4), f32(3)], {"strides": [2, 2]}),
    "ConvTranspose, a line": (
        "ConvTranspose",
        [LINE, f32(4, 1, 3)],
        {"group": 4, "strides": [3], "pads": [1, 0], "output_padding": [2]},
    ),
    "ConvTranspose, a solid": (
        "ConvTranspose",
        [SOLID, f32(2, 2, 2, 3, 2)],
        {"strides": [2, 1, 3], "dilations": [1, 2, 1], "pads": [1, 0, 1, 1, 0, 1]},
    ),
    "ConvTranspose, same": (
        "ConvTranspose",
        [IMAGE, f32(4, 3, 3, 4)],
        {"strides": [2, 2], "auto_pad": "SAME_UPPER"},
    ),
    "ConvTranspose, a shape": (
        "ConvTranspose",
        [IMAGE, f32(4, 3, 3, 4)],
        {"strides": [2, 2], "output_shape": [22, 19], "output_padding": [1, 1]},
    ),
    "ConvInteger": (
        "ConvInteger",
        [BYTES, u8(3, 2, 3, 3), numpy.uint8(12)],
        {"pads": [1, 0, 1, 2]},
    ),
    "QLinearConv": (
        "QLinearConv",
        [
            *(BYTES, F(0.02), numpy.uint8(120)),
            *(
                (u8(3, 2, 3, 3) // 4).astype(numpy.int8),
                f32(3) ** 2 / 9 + F(0.01),
                whole(8, [0, 0, 0]),
            ),
            *(F(0.5), numpy.uint8(100), whole(32, [100, -500, 7])),
        ],
        {"pads": [1, 1, 1, 1]},
    ),
    "MaxPool, a line": ("MaxPool", [LINE], {"kernel_shape": [3], "strides": [2], "pads": [1, 0]}),
    "MaxPool, a solid": ("MaxPool", [SOLID], {"kernel_shape": [2, 3, 2], "strides": [1, 2, 2]}),
    "MaxPool, dilated": ("MaxPool", [IMAGE], {"kernel_shape": [3, 2], "dilations": [2, 3]}),
    "MaxPool, rounded up": (
        "MaxPool",
        [IMAGE],
        {"kernel_shape": [3, 3], "strides": [3, 2], "ceil_mode": 1, "pads": [0, 1, 0, 1]},
    ),
    "MaxPool, a part of a window": (
        "MaxPool",
        [IMAGE[:, :, :2, :3]],
        {"kernel_shape": [3, 3], "strides": [2, 2], "ceil_mode": 1},
    ),
    "MaxPool, bytes": ("MaxPool", [BYTES], {"kernel_shape": [2, 2], "pads": [1, 0, 0, 1]}),
    "MaxPool, one way": (
        "MaxPool",
        [IMAGE],
        {"kernel_shape": [3, 2], "strides": [2, 2], "auto_pad": "SAME_UPPER"},
    ),
    "AveragePool, a line": (
        "AveragePool",
        [LINE],
        {"kernel_shape": [4], "strides": [3], "pads": [1, 1], "count_include_pad": 1},
    ),
    "AveragePool, a solid": (
        "AveragePool",
        [SOLID],
        {"kernel_shape": [2, 3, 2], "pads": [1, 0, 1, 0, 1, 0]},
    ),
    "AveragePool, rounded up": (
        "AveragePool",
        [IMAGE],
        {"kernel_shape": [3, 3], "strides": [2, 3], "ceil_mode": 1, "pads": [1, 0, 1, 0]},
    ),
    "AveragePool, rounded up, padding counted": (
        "AveragePool",
        [IMAGE],
        {
            "kernel_shape": [3, 2],
            "strides": [2, 3],
            "ceil_mode": 1,
            "pads": [1, 1, 1, 1],
            "count_include_pad": 1,
        },
    ),
    "AveragePool, one way": (
        "AveragePool",
        [IMAGE],
        {"kernel_shape": [3, 2], "strides": [2, 2], "auto_pad": "SAME_UPPER"},
    ),
    "AveragePool, one way, padding counted": (
        "AveragePool",
        [IMAGE],
        {
            "kernel_shape": [3, 2],
            "strides": [2, 2],
            "auto_pad": "SAME_UPPER",
            "count_include_pad": 1,
        },
    ),
    "AveragePool, dilated": ("AveragePool", [IMAGE], {"kernel_shape": [3, 2], "dilations": [2, 3]}),
    "LpPool": ("LpPool", [IMAGE], {"kernel_shape": [3, 2], "strides": [2, 2], "p": 3}),
    "LpPool, a line": ("LpPool", [LINE], {"kernel_shape": [3], "pads": [1, 1]}),
    "GlobalLpPool": ("GlobalLpPool", [IMAGE], {"p": 1}),
    "GlobalAveragePool": ("GlobalAveragePool", [SOLID], {}),
    "MaxUnpool": (
        "MaxUnpool",
        [f32(1, 1, 2, 2), whole(64, [[[[5, 7], [13, 15]]]])],
        {"kernel_shape": [2, 2], "strides": [2, 2]},
    ),
    "Col2Im": (
        "Col2Im",
        [f32(2, 3 * 6, 4 * 3), whole(64, [9, 8]), whole(64, [2, 3])],
        {"strides": [2, 2], "dilations": [3, 1], "pads": [0, 0, 1, 0]},
    ),
    "DeformConv": (
        "DeformConv",
        [
            *(IMAGE, f32(6, 2, 3, 2), f32(2, 2 * 6 * 2, 5, 10) * 3),
            *(f32(6), f32(2, 2 * 6, 5, 10)),
        ],
        {"group": 2, "offset_group": 2, "strides": [2, 1], "pads": [1, 1, 0, 1]},
    ),
}
OPSETS = {"AveragePool": 19, "LpPool": 18}


def model_of(case: Case, outputs: int = 1, sizes: Mapping[int, str] | None = None) -> Any:
    """The model of one node; sizes: names of sizes of its first operand."""
    op, operands, attributes = case
    names = [f"x{i}" for i in range(len(operands))]
    held = [
        numpy_helper.from_array(numpy.asarray(a), n) for a, n in zip(operands, names, strict=True)
    ][1:]
    shape = [(sizes or {}).get(i, n) for i, n in enumerate(operands[0].shape)]
    kind = helper.np_dtype_to_tensor_dtype(operands[0].dtype)
    given = [helper.make_tensor_value_info("x0", kind, shape)]
    results = [f"y{i}" for i in range(outputs)]
    node = helper.make_node(op, names, results, **attributes)
    kinds = [TensorProto.INT32 if op == "ConvInteger" else kind, TensorProto.INT64]
    made = [helper.make_tensor_value_info(n, k, None) for n, k in zip(results, kinds, strict=False)]
    body = helper.make_graph([node], "g", given, made, held)
    opset = helper.make_opsetid("", OPSETS.get(op, 20))
    return helper.make_model(body, opset_imports=[opset], ir_version=9)


def found(model: Any, x: Any, backend: str, folder: Path) -> list[Any]:
    onnx.save(model, folder / "model.onnx")
    net = im.load(folder / "model.onnx")
    run: Any = net
    if backend != "numpy":
        run = im.compile(net, net.specs(), **BACKENDS[backend])
    results = run(x)
    return list(results.values()) if isinstance(results, dict) else [results]


def expected(model: Any, x: Any) -> list[Any]:
    session = onnxruntime.InferenceSession(model.SerializeToString())
    results: list[Any] = session.run(None, {"x0": x})
    return results


def check(model: Any, x: Any, backend: str, folder: Path) -> None:
    for got, wanted in zip(found(model, x, backend, folder), expected(model, x), strict=True):
        assert got.dtype == wanted.dtype and got.shape == wanted.shape
        numpy.testing.assert_allclose(got, wanted, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", CASES)
def test_a_node_is_what_onnx_runtime_makes_of_it(name: str, backend: str, tmp_path: Path) -> None:
    case = CASES[name]
    check(model_of(case), case[1][0], backend, tmp_path)


NAMED = [
    name
    for name, (op, operands, attributes) in CASES.items()
    if (op in ("Conv", "MaxPool", "AveragePool", "LpPool") and operands[0].shape[2] > 2)
    or (op == "ConvTranspose" and "output_shape" not in attributes)
]


@pytest.mark.parametrize("backend", ["cpu", "gpu"])
@pytest.mark.parametrize("name", NAMED)
def test_sizes_with_names(name: str, backend: str, tmp_path: Path) -> None:
    if "padding counted" in name and backend == "gpu":
        pytest.importorskip("onnxruntime", "1.31", reason="1.30 refuses to pad by a window's width")
    case = CASES[name]
    x = case[1][0]
    model = model_of(case, sizes={0: "n", 2: "h", **({3: "w"} if x.ndim == 4 else {})})
    onnx.save(model, tmp_path / "model.onnx")
    net = im.load(tmp_path / "model.onnx")
    run = im.compile(net, net.specs(), **BACKENDS[backend])
    for part in (x, x[:, :, 1:], x[:, :, 2:]):
        (wanted,) = expected(model, part)
        got = run(part)
        assert got.shape == wanted.shape
        numpy.testing.assert_allclose(got, wanted, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("order", [0, 1])
@pytest.mark.parametrize(
    ("x", "attributes"),
    [
        (LINE, {"kernel_shape": [3], "pads": [1, 1], "strides": [2]}),
        (IMAGE, {"kernel_shape": [3, 2], "strides": [2, 3], "ceil_mode": 1, "pads": [1, 1, 0, 0]}),
        (numpy.round(IMAGE), {"kernel_shape": [2, 3], "dilations": [2, 1]}),
    ],
)
def test_where_the_largest_are(
    x: Any, attributes: Any, order: int, backend: str, tmp_path: Path
) -> None:
    model = model_of(("MaxPool", [x], {**attributes, "storage_order": order}), outputs=2)
    check(model, x, backend, tmp_path)


def test_unpooling_into_a_larger_image(tmp_path: Path) -> None:
    x, positions = f32(1, 1, 2, 2), whole(64, [[[[5, 7], [13, 15]]]])
    attributes = {"kernel_shape": [2, 2], "strides": [2, 2]}
    case = ("MaxUnpool", [x, positions, whole(64, [1, 1, 5, 6])], attributes)
    (y,) = found(model_of(case), x, "numpy", tmp_path)
    wanted = numpy.zeros((1, 1, 5, 6), F)
    wanted[0, 0, 1::2, 1:4:2] = x
    numpy.testing.assert_array_equal(y, wanted)


@pytest.mark.parametrize("backend", ["cpu", "gpu"])
def test_where_the_largest_are_of_sizes_with_names(backend: str, tmp_path: Path) -> None:
    attributes = {"kernel_shape": [3, 2], "strides": [2, 2], "auto_pad": "SAME_UPPER"}
    model = model_of(("MaxPool", [IMAGE], attributes), outputs=2, sizes={0: "n", 2: "h", 3: "w"})
    check(model, IMAGE, backend, tmp_path)


@pytest.mark.parametrize("backend", ["cpu", "gpu"])
def test_offsets_that_are_computed(backend: str, tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Conv", ["x", "v"], ["offset"], pads=[1, 0, 0, 1]),
        helper.make_node("DeformConv", ["x", "w", "offset"], ["y"], pads=[1, 0, 0, 1]),
    ]
    v, w = f32(2 * 2 * 2, 4, 2, 2), f32(3, 4, 2, 2)
    held = [numpy_helper.from_array(v, "v"), numpy_helper.from_array(w, "w")]
    given = [helper.make_tensor_value_info("x", 1, ["n", 4, "h", "w"])]
    made = [helper.make_tensor_value_info("y", 1, None)]
    body = helper.make_graph(nodes, "g", given, made, held)
    model = helper.make_model(body, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
    session = onnxruntime.InferenceSession(model.SerializeToString())
    wanted = session.run(None, {"x": IMAGE})[0]
    (y,) = found(model, IMAGE, backend, tmp_path)
    numpy.testing.assert_allclose(y, wanted, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("backend", ["cpu", "gpu"])
@pytest.mark.parametrize("strides", [[1, 1], [2, 3]])
def test_columns_of_an_image_with_names(strides: list[int], backend: str, tmp_path: Path) -> None:
    """The columns are those of a convolution that picks them, so that both have the same sizes."""
    facts: dict[str, Any] = {"strides": strides, "pads": [1, 0, 1, 0]}
    nodes = [
        helper.make_node("Conv", ["x", "picks"], ["seen"], **facts),
        helper.make_node("Reshape", ["seen", "flat"], ["columns"]),
        helper.make_node("Shape", ["x"], ["sizes"], start=2),
        helper.make_node("Col2Im", ["columns", "sizes", "block"], ["y"], **facts),
    ]
    arrays = {
        "picks": numpy.eye(4, dtype=F).reshape(4, 1, 2, 2),
        "flat": whole(64, [0, 4, -1]),
        "block": whole(64, [2, 2]),
    }
    held = [numpy_helper.from_array(array, name) for name, array in arrays.items()]
    given = [helper.make_tensor_value_info("x", 1, ["n", 1, "h", "w"])]
    made = [helper.make_tensor_value_info("y", 1, None)]
    body = helper.make_graph(nodes, "g", given, made, held)
    model = helper.make_model(body, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
    session = onnxruntime.InferenceSession(model.SerializeToString())
    onnx.save(model, tmp_path / "model.onnx")
    net = im.load(tmp_path / "model.onnx")
    run = im.compile(net, net.specs(), **BACKENDS[backend])
    for x in (IMAGE[:, :1], IMAGE[:, :1, 1:, 2:]):
        wanted = session.run(None, {"x": x})[0]
        assert run(x).shape == wanted.shape
        numpy.testing.assert_allclose(run(x), wanted, rtol=1e-5, atol=1e-5)


def test_the_other_quantized_convolution(tmp_path: Path) -> None:
    _, operands, attributes = CASES["QLinearConv"]
    model = model_of(("QLinearConv", operands, attributes))
    (wanted,) = found(model, operands[0], "numpy", tmp_path)
    model.graph.node[0].domain = "com.microsoft"
    model.opset_import.append(helper.make_opsetid("com.microsoft", 1))
    numpy.testing.assert_array_equal(found(model, operands[0], "numpy", tmp_path)[0], wanted)


REFUSED: dict[str, tuple[Case, str]] = {
    "kernel": (("Conv", [LINE, f32(6, 4, 3)], {"kernel_shape": [2]}), "kernel_shape=.2. and a"),
    "pads": (("Conv", [LINE, f32(6, 4, 3)], {"pads": [1, 1, 1, 1]}), "for 1 axes"),
    "axes": (("MaxPool", [LINE], {"kernel_shape": [2, 2]}), "an array of 3 axes"),
    "larger": (("MaxPool", [LINE], {"kernel_shape": [12]}), "a window of 12 does not fit 11"),
    "left out": (
        ("MaxPool", [LINE], {"kernel_shape": [1], "strides": [4], "auto_pad": "SAME_LOWER"}),
        "leaves elements out; give pads",
    ),
    "shape": (
        ("ConvTranspose", [LINE, f32(4, 4, 1)], {"strides": [2], "output_shape": [23]}),
        "not cut out of what they make",
    ),
    "order": (
        ("MaxPool", [SOLID], {"kernel_shape": [2, 2, 2], "storage_order": 1}),
        "storage_order=1 along 3 axes",
    ),
    "offsets": (
        ("DeformConv", [IMAGE, f32(2, 4, 2, 2), f32(2, 8, 10, 7)], {}),
        r"offsets for \(10, 7\) places, where there are \(10, 8\)",
    ),
    "columns": (
        ("Col2Im", [f32(1, 4, 5), whole(64, [3, 3]), whole(64, [2, 2])], {}),
        "5 blocks, where 4 fit",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused(name: str, tmp_path: Path) -> None:
    case, said = REFUSED[name]
    outputs = 2 if name == "order" else 1
    with pytest.raises(UsageError, match=said):
        found(model_of(case, outputs=outputs), case[1][0], "numpy", tmp_path)
