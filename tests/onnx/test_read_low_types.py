"""Constants of few bits and of short floats: dequantized and cast as the reference does it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ml_dtypes
import numpy
import onnx
import pytest
from backends import BACKENDS
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

import isthmus as im
from isthmus.errors import FileError, UsageError

random = numpy.random.default_rng(12)
F = numpy.float32

INTEGERS = ("int4", "uint4", "int2", "uint2")
FLOATS = ("float8_e4m3fn", "float8_e4m3fnuz", "float8_e5m2", "float8_e5m2fnuz", "float4_e2m1fn")
SPECIAL = numpy.array(
    [
        *(0.0, -0.0, 1.0, -1.3, 0.0625, 3e-3, 1e-9, 17, 240.1, 447, 449, 465, -500, 57344, 7e4),
        *(61440.5, -1e30, numpy.inf, -numpy.inf, numpy.nan, 2.5, 3.5, 0.4375, 5.0, 0.75),
    ],
    F,
)


def dtype(name: str) -> Any:
    return numpy.dtype(getattr(ml_dtypes, name))


def every(name: str) -> Any:
    """All numbers of a type, several times over, [4, 128]; floats without NaN."""
    if name in INTEGERS:
        low = {"int4": -8, "int2": -2}.get(name, 0)
        count = 16 if "4" in name else 4
        found = (numpy.arange(512) % count + low).astype(numpy.int8).astype(dtype(name))
    else:
        codes = numpy.arange(512) % (16 if "float4" in name else 256)
        found = codes.astype(numpy.uint8).view(dtype(name))
        found = numpy.where(numpy.isnan(found.astype(F)), found.dtype.type(1), found)
    return found.reshape(4, 128)


def model(nodes: list[Any], constants: dict[str, Any], shape: tuple[int, ...], out: int = 1) -> Any:
    """y = what the nodes make of the constants, called "d", beside the input x."""
    held = [numpy_helper.from_array(array, name) for name, array in constants.items()]
    nodes = [*nodes, helper.make_node("Add", ["x", "d"], ["y"])]
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", out, shape)],
        [helper.make_tensor_value_info("y", out, None)],
        held,
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 25)], ir_version=13)


def check(folder: Path, built: Any, shape: tuple[int, ...]) -> None:
    onnx.save(built, folder / "model.onnx")
    net: Any = im.load(folder / "model.onnx")
    x = numpy.zeros(shape, F)
    with numpy.errstate(all="ignore"):
        wanted: Any = next(iter(ReferenceEvaluator(built).run(None, {"x": x})))
    numpy.testing.assert_array_equal(net(x), wanted)
    for options in BACKENDS.values():
        run = im.compile(net, net.specs(), **options)
        numpy.testing.assert_allclose(run(x), wanted, rtol=1e-6)


@pytest.mark.parametrize("name", [*INTEGERS, *FLOATS])
@pytest.mark.parametrize("form", ["one", "by axis", "by block"])
def test_dequantized(name: str, form: str, tmp_path: Path) -> None:
    q = every(name)
    forms: dict[str, tuple[tuple[int, ...], dict[str, Any]]] = {
        "one": ((), {}),
        "by axis": ((4,), {"axis": 0}),
        "by block": ((4, 4), {"axis": 1, "block_size": 32}),
    }
    shape, more = forms[form]
    scale = (2.0 ** random.integers(-6, 3, shape)).astype(F)
    constants = {"q": q, "scale": scale}
    if name in INTEGERS:
        constants["zero"] = (numpy.arange(scale.size).reshape(shape) % 2).astype(q.dtype)
    node = helper.make_node("DequantizeLinear", list(constants), ["d"], **more)
    check(tmp_path, model([node], constants, q.shape), q.shape)


def test_through_other_operators(tmp_path: Path) -> None:
    """As files have it: transposed and reshaped before it is dequantized."""
    q, scale = every("int4"), numpy.array(0.25, F)
    nodes = [
        helper.make_node("Transpose", ["q"], ["t"]),
        helper.make_node("Reshape", ["t", "to"], ["r"]),
        helper.make_node("DequantizeLinear", ["r", "scale"], ["d"]),
    ]
    constants = {"q": q, "scale": scale, "to": numpy.array([8, 64])}
    check(tmp_path, model(nodes, constants, (8, 64)), (8, 64))


@pytest.mark.parametrize("saturate", [1, 0])
@pytest.mark.parametrize("name", [*FLOATS[:4], "bfloat16"])
def test_floats_there_and_back(name: str, saturate: int, tmp_path: Path) -> None:
    number = helper.np_dtype_to_tensor_dtype(dtype(name))
    nodes = [
        helper.make_node("Cast", ["c"], ["low"], to=number, saturate=saturate),
        helper.make_node("Cast", ["low"], ["d"], to=TensorProto.FLOAT),
    ]
    check(tmp_path, model(nodes, {"c": SPECIAL}, SPECIAL.shape), SPECIAL.shape)
    like = [
        helper.make_node("CastLike", ["c", "one"], ["low"], saturate=saturate),
        helper.make_node("Cast", ["low"], ["d"], to=TensorProto.FLOAT),
    ]
    constants = {"c": SPECIAL, "one": numpy.ones(1, dtype(name))}
    check(tmp_path, model(like, constants, SPECIAL.shape), SPECIAL.shape)


@pytest.mark.parametrize("name", INTEGERS)
@pytest.mark.parametrize("kind", ["int8", "uint8", "int64", "float32"])
def test_integers_there_and_back(name: str, kind: str, tmp_path: Path) -> None:
    """Of integers beyond the type the lower bits remain."""
    numbers = numpy.array([0, 1, 3, 2, 1] if kind == "float32" else [0, 1, 7, 9, 100], kind)
    if "int2" in name and kind == "float32":
        numbers = numbers % 2
    number = helper.np_dtype_to_tensor_dtype(dtype(name))
    nodes = [
        helper.make_node("Cast", ["c"], ["low"], to=number),
        helper.make_node("Cast", ["low"], ["d"], to=TensorProto.FLOAT),
    ]
    check(tmp_path, model(nodes, {"c": numbers}, numbers.shape), numbers.shape)


def test_weights_beside_the_file(tmp_path: Path) -> None:
    """Several elements are in a byte there too, and the last byte may have one."""
    q = every("uint4").reshape(-1)[:31]
    node = helper.make_node("DequantizeLinear", ["q", "scale"], ["d"])
    built = model([node], {"q": q, "scale": numpy.array(0.5, F)}, q.shape)
    path = tmp_path / "model.onnx"
    options: dict[str, Any] = {
        "save_as_external_data": True,
        "size_threshold": 0,
        "location": "weights",
    }
    onnx.save_model(built, path, **options)
    net, x = im.load(path), numpy.zeros(31, F)
    numpy.testing.assert_array_equal(net(x), q.astype(F) / 2)
    assert (tmp_path / "weights").stat().st_size >= 16
    content = (tmp_path / "weights").read_bytes()
    (tmp_path / "weights").write_bytes(content[:10])
    with pytest.raises(FileError, match="is 16 bytes, and its file has 10 of them"):
        im.load(path)


def test_what_is_computed_has_no_such_type(tmp_path: Path) -> None:
    to = helper.make_node("Cast", ["x"], ["low"], "shorten", to=TensorProto.FLOAT8E5M2)
    back = helper.make_node("Cast", ["low"], ["d"], to=TensorProto.FLOAT)
    onnx.save(model([to, back], {}, (3,)), tmp_path / "model.onnx")
    net, x = im.load(tmp_path / "model.onnx"), numpy.array([1.1, 2, 1e9], F)
    numpy.testing.assert_array_equal(net(x), x + numpy.array([1, 2, 57344], F))  # eagerly
    with pytest.raises(UsageError) as raised:
        im.compile(net, net.specs())
    said = str(raised.value)
    assert said.startswith("ONNX Cast 'shorten': float8_e5m2 is no type of NumPy's, and only const")
    assert "\n" not in said


def test_scales_of_short_floats_want_a_type_of_the_result(tmp_path: Path) -> None:
    constants = {"q": every("float4_e2m1fn"), "scale": numpy.array(4, dtype("bfloat16"))}
    forms: list[dict[str, Any]] = [{"output_dtype": 1}, {}]
    for more in forms:
        node = helper.make_node("DequantizeLinear", ["q", "scale"], ["d"], "wide", **more)
        onnx.save(model([node], constants, (4, 128)), tmp_path / "model.onnx")
        net, x = im.load(tmp_path / "model.onnx"), numpy.zeros((4, 128), F)
        if more:
            numpy.testing.assert_array_equal(net(x), constants["q"].astype(F) * 4)
        else:
            with pytest.raises(UsageError, match="bfloat16 without output_dtype; give that"):
                net(x)


def test_an_input_of_such_a_type_is_one_line(tmp_path: Path) -> None:
    node = helper.make_node("Cast", ["z"], ["d"], to=TensorProto.FLOAT)
    built = model([node], {}, (3,))
    built.graph.input.append(helper.make_tensor_value_info("z", TensorProto.INT4, (3,)))
    onnx.save(built, tmp_path / "model.onnx")
    with pytest.raises(UsageError, match="int4 is no type of NumPy's; a file's constants may be"):
        im.load(tmp_path / "model.onnx").specs()
