"""Files of somebody else's: whatever is in them, one error of one line, or the right program."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

import isthmus as im
from isthmus.errors import FileError, IsthmusError, UsageError

X = numpy.arange(6, dtype=numpy.float32).reshape(2, 3)


def model(nodes: Any, **more: Any) -> onnx.ModelProto:
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [2, 3])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        more.pop("constants", []),
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], **more)


def add(*names: str) -> Any:
    return helper.make_node("Add", names[:2], [names[2]])


def external(location: str, **facts: Any) -> onnx.ModelProto:
    """A model whose weight of six numbers lies in a file beside it."""
    tensor = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[2, 3])
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in {"location": location, **facts}.items():
        tensor.external_data.add(key=key, value=str(value))
    return model([add("x", "w", "y")], constants=[tensor])


def written(proto: onnx.ModelProto, folder: Path) -> Path:
    path = folder / "model.onnx"
    path.write_bytes(proto.SerializeToString())
    return path


def test_weights_beside_the_file(tmp_path: Path) -> None:
    (tmp_path / "w.bin").write_bytes(b"....." + X.tobytes())
    net = im.load(written(external("w.bin", offset=5, length=24), tmp_path))
    assert (net(X) == 2 * X).all()
    assert list(net.parameters()) == ["w"]


@pytest.mark.parametrize("location", ["../w.bin", "/etc/passwd", "a/../../w.bin", "", "w\0.bin"])
def test_weights_elsewhere_are_refused(location: str, tmp_path: Path) -> None:
    folder = tmp_path / "inner"
    folder.mkdir()
    (tmp_path / "w.bin").write_bytes(X.tobytes())
    with pytest.raises(FileError, match="lead out of its folder"):
        im.load(written(external(location), folder))


@pytest.mark.parametrize("link", [os.symlink, os.link], ids=["symbolic", "hard"])
def test_weights_by_a_link_are_refused(link: Any, tmp_path: Path) -> None:
    folder = tmp_path / "inner"
    folder.mkdir()
    (tmp_path / "secret").write_bytes(X.tobytes())
    link(tmp_path / "secret", folder / "w.bin")
    with pytest.raises(FileError, match=r"lead out of its folder|hard link"):
        im.load(written(external("w.bin"), folder))


@pytest.mark.parametrize(
    "facts", [{"offset": 8}, {"length": 23}, {"offset": -1}, {"offset": 10**12}, {"offset": "a"}]
)
def test_weights_that_are_too_few_are_refused(facts: Any, tmp_path: Path) -> None:
    (tmp_path / "w.bin").write_bytes(X.tobytes())
    with pytest.raises(FileError) as caught:
        im.load(written(external("w.bin", **facts), tmp_path))
    assert "\n" not in str(caught.value)


def test_absurd_sizes_are_refused(tmp_path: Path) -> None:
    tensor = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[2**40, 2**40])
    with pytest.raises(FileError):
        im.load(written(model([add("x", "w", "y")], constants=[tensor]), tmp_path))
    tensor = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[-1])
    with pytest.raises(FileError, match="sizes"):
        im.load(written(model([add("x", "w", "y")], constants=[tensor]), tmp_path))


@pytest.mark.parametrize(
    ("nodes", "reason"),
    [
        ([add("x", "y", "z"), add("z", "x", "y")], "needs its own result"),
        ([add("x", "x", "y"), add("x", "x", "y")], "two values are named 'y'"),
        ([add("x", "nowhere", "y")], "nothing makes the value 'nowhere'"),
        ([add("x", "x", "z")], "nothing makes the value 'y'"),
    ],
)
def test_graphs_that_are_none(nodes: Any, reason: str, tmp_path: Path) -> None:
    with pytest.raises(FileError, match=reason):
        im.load(written(model(nodes), tmp_path))(X)


def test_nodes_in_any_order(tmp_path: Path) -> None:
    net = im.load(written(model([add("z", "x", "y"), add("x", "x", "z")]), tmp_path))
    assert (net(X) == 3 * X).all()


def test_functions_inside_of_themselves(tmp_path: Path) -> None:
    node = helper.make_node("F", ["x"], ["y"], domain="own")
    opsets = [helper.make_opsetid("own", 1)]
    function = helper.make_function("own", "F", ["x"], ["y"], [node], opsets)
    proto = model([node], functions=[function])
    proto.opset_import.append(helper.make_opsetid("own", 1))
    with pytest.raises(FileError, match="inside of itself"):
        im.load(written(proto, tmp_path))


def test_what_is_not_known_is_named_with_versions_and_counts(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("NoSuch", ["x"], ["a"]),
        helper.make_node("NoSuch", ["a"], ["b"]),
        helper.make_node("Odd", ["b"], ["y"], domain="com.example"),
    ]
    with pytest.raises(UsageError) as caught:
        im.load(written(model(nodes), tmp_path))
    said = str(caught.value)
    assert "NoSuch (opset 20, 2 nodes), com.example.Odd (opset 1)" in said
    assert "\n" not in said


@pytest.mark.parametrize("content", [b"", b"\x08\x08", b"hello", bytes(1000), b"\xff" * 99])
def test_other_files_are_one_line(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(content)
    with pytest.raises(FileError) as caught:
        im.load(path)
    assert "\n" not in str(caught.value)
    with pytest.raises(FileError, match="no such file"):
        im.load(tmp_path / "absent.onnx")


def whole() -> bytes:
    """A model with a loop, a branch, constants and attributes of several kinds."""
    step = helper.make_graph(
        [
            helper.make_node("Add", ["acc", "w"], ["next"]),
            helper.make_node("Identity", ["go"], ["again"]),
        ],
        "step",
        [
            helper.make_tensor_value_info("i", TensorProto.INT64, []),
            helper.make_tensor_value_info("go", TensorProto.BOOL, []),
            helper.make_tensor_value_info("acc", TensorProto.FLOAT, [2, 3]),
        ],
        [
            helper.make_tensor_value_info("again", TensorProto.BOOL, []),
            helper.make_tensor_value_info("next", TensorProto.FLOAT, [2, 3]),
        ],
    )
    nodes = [
        helper.make_node("Shape", ["x"], ["shape"]),
        helper.make_node("Gather", ["shape", "zero"], ["rows"], axis=0),
        helper.make_node("Loop", ["rows", "", "x"], ["sum"], body=step),
        helper.make_node("Transpose", ["sum"], ["turned"], perm=[1, 0]),
        helper.make_node("Gemm", ["turned", "x"], ["y"], alpha=0.5),
    ]
    constants = [
        numpy_helper.from_array(X, "w"),
        numpy_helper.from_array(numpy.asarray(0), "zero"),
    ]
    return bytes(model(nodes, constants=constants).SerializeToString())


@pytest.mark.parametrize("seed", range(150))
def test_a_mutated_file_is_one_line_or_runs(seed: int, tmp_path: Path) -> None:
    random, content = numpy.random.default_rng(seed), bytearray(whole())
    for _ in range(random.integers(1, 4)):
        at = int(random.integers(len(content)))
        match random.integers(3):
            case 0:
                content[at] = int(random.integers(256))
            case 1:
                del content[at : at + int(random.integers(1, 9))]
            case 2:
                content[at:at] = random.bytes(int(random.integers(1, 9)))
    path = tmp_path / "model.onnx"
    path.write_bytes(content)
    try:
        net = im.load(path)
        net(**dict.fromkeys(net.inputs, X))
    except IsthmusError as problem:
        assert "\n" not in str(problem)
