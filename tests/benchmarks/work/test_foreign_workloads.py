"""What a user names as a workload: ONNX and IR files, Python functions, and every way to err."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

import isthmus as im
from isthmus import np
from isthmus.benchmarks.portable.timing.inputs import read_sets
from isthmus.benchmarks.work.foreign import Foreign, workload_of
from isthmus.benchmarks.work.prepare import Facts, prepare
from isthmus.errors import FileError, IsthmusError, UsageError
from isthmus.program.compiling import load

MODULE = """
import isthmus as im
from isthmus import nn, np

class Net(nn.Block):
    def __init__(self):
        self.dense = nn.Dense(3, 5)
    def forward(self, x):
        return {"logits": self.dense(x)}
    def specs(self):
        return {"x": im.spec("float32", ["batch", 5])}

class Nested(Net):
    def specs(self):
        return [im.spec("float32", [5])]

class holder:
    net = Net()
    net.initialize(0)

net = holder.net
nested = Nested()
number = 3

def scaled(x, factor):
    return np.tanh(x) * factor

def sorted_rows(x):
    return np.sort(x)
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The current folder, with modules of a user's in it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "users_module.py").write_text(MODULE)
    (tmp_path / "broken_module.py").write_text("import no_such_module_at_all")
    yield tmp_path
    for name in ("users_module", "broken_module"):
        sys.modules.pop(name, None)


def an_onnx(
    path: Path, *, sizes: Any = ("batch", 4), op: str = "Gemm", beside: bool = False
) -> Path:
    """y = x @ w + b in a file; its weights may lie beside it."""
    weights = numpy.arange(4 * 12, dtype=numpy.float32).reshape(4, 12) / 48
    bias = numpy.ones(12, numpy.float32)
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, sizes)
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, [sizes[0], 12])
    held = [numpy_helper.from_array(a, n) for n, a in (("w", weights), ("b", bias))]
    graph = helper.make_graph([helper.make_node(op, ["x", "w", "b"], ["y"])], "g", [x], [y], held)
    imports = [helper.make_opsetid("", 20)]
    model = helper.make_model(graph, opset_imports=imports, ir_version=9)
    onnx.save(model, path, save_as_external_data=beside, location="weights.bin", size_threshold=0)
    return path


def prepared(work: Foreign, folder: Path) -> Facts:
    folder.mkdir()
    return prepare(work, folder)


# ONNX


def test_an_onnx_file_is_a_workload(tmp_path: Path) -> None:
    path = an_onnx(tmp_path / "m.onnx", sizes=(2, 4))
    work = workload_of(str(path), [])
    assert (work.name, work.model, work.batch, work.sequence) == ("m.onnx", "m.onnx", 2, None)
    folder = tmp_path / "prepared"
    facts = prepared(work, folder)
    assert facts.absent == {}
    assert facts.measured["operations"] == 2 * 2 * 4 * 12 + 2 * 12
    assert facts.measured["parameter_bytes"] == 4 * 5 * 12
    assert facts.measured["model_hash"] == f"sha256:{sha256(path.read_bytes()).hexdigest()}"
    assert (folder / "model.onnx").read_bytes() == path.read_bytes()
    sets = read_sets(folder / "inputs.npz")
    assert len(sets) == len({arrays["x"].tobytes() for arrays in sets}) == 8
    program = load(folder / "program.im", backend="numpy")
    expected = sets[0]["x"] @ (numpy.arange(48).reshape(4, 12) / 48) + 1
    assert numpy.allclose(program(**sets[0]), expected, atol=1e-5)


def test_open_sizes_are_fixed_in_the_copy_that_all_runtimes_read(tmp_path: Path) -> None:
    work = workload_of(str(an_onnx(tmp_path / "m.onnx")), ["x=3,4"])
    assert (work.name, work.batch) == ("m.onnx-3x4", 3)
    facts = prepared(work, tmp_path / "prepared")
    copied = onnx.load(tmp_path / "prepared" / "model.onnx")
    assert [d.dim_value for d in copied.graph.input[0].type.tensor_type.shape.dim] == [3, 4]
    assert facts.measured["batch"] == 3


def test_another_batch_changes_the_first_size(tmp_path: Path) -> None:
    work = replace(workload_of(str(an_onnx(tmp_path / "m.onnx")), ["1,4"]), batch=8)
    assert work.inputs()["x"].shape == (8, 4)
    assert prepared(work, tmp_path / "prepared").measured["batch"] == 8


def test_weights_beside_the_file_stay_beside_it(tmp_path: Path) -> None:
    path = an_onnx(tmp_path / "m.onnx", beside=True)
    folder = tmp_path / "prepared"
    facts = prepared(workload_of(str(path), ["1,4"]), folder)
    assert (folder / "weights.bin").read_bytes() == (tmp_path / "weights.bin").read_bytes()
    assert facts.absent == {}
    both = path.read_bytes() + (tmp_path / "weights.bin").read_bytes()
    assert facts.measured["model_hash"] == f"sha256:{sha256(both).hexdigest()}"
    (tmp_path / "weights.bin").unlink()
    with pytest.raises(FileError, match=r"its weights 'weights.bin' are not beside it"):
        workload_of(str(path), ["1,4"]).source().write_model(folder)


def test_an_operator_that_is_not_known_leaves_the_runtimes(tmp_path: Path) -> None:
    work = workload_of(str(an_onnx(tmp_path / "m.onnx", op="NoSuch")), ["1,4"])
    facts = prepared(work, tmp_path / "prepared")
    said = "ONNX operators that are not known to isthmus: NoSuch (opset 20)"
    assert facts.absent == {"program": said}
    assert facts.measured["operations"] is None
    assert (tmp_path / "prepared" / "model.onnx").exists()


def test_integers_are_below_what_the_file_looks_up(tmp_path: Path) -> None:
    ids = helper.make_tensor_value_info("ids", TensorProto.INT64, [1, 512])
    mask = helper.make_tensor_value_info("attention_mask", TensorProto.INT64, [1, 512])
    others = helper.make_tensor_value_info("others", TensorProto.INT64, [1, 512])
    table = numpy_helper.from_array(numpy.ones((2, 3), numpy.float32), "table")
    results = [helper.make_empty_tensor_value_info(f"y{i}") for i in range(2)]
    nodes = [
        helper.make_node("Gather", ["table", "ids"], ["y0"]),
        helper.make_node("Add", ["attention_mask", "others"], ["y1"]),
    ]
    graph = helper.make_graph(nodes, "g", [ids, mask, others], results, [table])
    onnx.save(helper.make_model(graph), tmp_path / "m.onnx")
    arrays = workload_of(str(tmp_path / "m.onnx"), []).inputs()
    assert set(numpy.unique(arrays["ids"])) == {0, 1}
    assert arrays["attention_mask"].all()
    assert 10 < arrays["others"].max() < 100
    assert {array.dtype for array in arrays.values()} == {numpy.dtype(numpy.int64)}


# OpenVINO IR


def test_an_ir_is_run_by_openvino_alone(tmp_path: Path) -> None:
    import openvino

    im.export(lambda x: np.tanh(x) * 2, {"x": im.spec("float32", ["n", 3])}, tmp_path / "m.xml")
    with pytest.raises(UsageError, match=r"not fixed; give numbers: --shape x=1,3"):
        workload_of(str(tmp_path / "m.xml"), [])
    work = workload_of(str(tmp_path / "m.xml"), ["x=5,3"])
    folder = tmp_path / "prepared"
    facts = prepared(work, folder)
    assert sorted(facts.absent) == ["onnx", "program"]
    assert "OpenVINO alone" in facts.absent["program"]
    model = openvino.Core().read_model(folder / "model.xml")
    assert model.inputs[0].partial_shape.to_string() == "[5,3]"
    (found,) = openvino.Core().compile_model(model, "CPU")(work.inputs()).values()
    assert numpy.allclose(found, numpy.tanh(work.inputs()["x"]) * 2, atol=1e-5)


@pytest.mark.parametrize(
    ("content", "message"),
    [("<net><layers/></net>", "but no OpenVINO IR"), ("no xml", "not an OpenVINO IR")],
)
def test_another_xml_is_no_ir(content: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "m.xml").write_text(content)
    with pytest.raises(FileError, match=r"its weights m.bin are not beside it"):
        workload_of(str(tmp_path / "m.xml"), [])
    (tmp_path / "m.bin").write_bytes(b"")
    with pytest.raises(FileError, match=message):
        workload_of(str(tmp_path / "m.xml"), [])


# Python


@pytest.mark.parametrize("target", ["users_module:net", "users_module:holder.net"])
def test_a_block_of_the_current_folder_is_a_workload(target: str, here: Path) -> None:
    work = workload_of(target, ["7,5"])
    assert (work.name, work.model, work.batch) == (f"{target}-7x5", target, 7)
    facts = prepared(work, here / "prepared")
    assert facts.absent == {}
    assert facts.measured["operations"] == 2 * 7 * 5 * 3 + 7 * 3
    assert str(here) not in sys.path


def test_a_function_takes_shapes_and_dtypes(here: Path) -> None:
    work = workload_of("users_module:scaled", ["x=2,3", "factor:float64="])
    arrays = work.inputs()
    assert [(a.dtype.name, a.shape) for a in arrays.values()] == [
        ("float32", (2, 3)),
        ("float64", ()),
    ]
    assert prepared(work, here / "prepared").measured["batch"] == 2


def test_a_function_that_no_file_can_hold_is_a_program_all_the_same(here: Path) -> None:
    facts = prepared(workload_of("users_module:sorted_rows", ["x=4,3"]), here / "prepared")
    if facts.absent:  # ONNX may come to hold it
        assert sorted(facts.absent) == ["model", "onnx"]
        assert facts.absent["onnx"] == facts.absent["model"]
    assert (here / "prepared" / "program.im").exists()


# Errors


@pytest.mark.parametrize(
    ("target", "shapes", "message"),
    [
        ("users_module:scaled", [], "of which types\\? give each: --shape NAME:float32=1,3"),
        ("users_module:scaled", ["2,3"], "inputs are not known; give NAME=2,3"),
        ("users_module:net", [], "x float32\\[batch, 5\\] are not fixed; .*--shape x=1,5"),
        ("users_module:net", ["x=2,6"], "which float32\\[2, 6\\] does not fit"),
        ("users_module:net", ["x=2"], "which float32\\[2\\] does not fit"),
        ("users_module:net", ["x:int32=2,5"], "input 'x' is float32, not int32"),
        ("users_module:net", ["X=2,5"], "has no input 'X'; it has x"),
        ("users_module:net", ["x=2,5", "2,5"], "two shapes for input 'x'"),
        ("users_module:net", ["x=2,n"], "--shape x=2,n: give NAME=SIZES"),
        ("users_module:net", ["x=0,5"], "--shape x=0,5: give NAME=SIZES"),
        ("users_module:net", ["x:float33=2,5"], "'float33' is not a dtype"),
        ("users_module:no_net", [], "users_module has no attribute 'no_net'"),
        ("users_module:number", [], "is a int; name a function or a Block"),
        ("users_module:nested", [], "specs\\(\\) gives 1 nested types; give a dict"),
        ("no_users_module:net", [], "cannot import no_users_module \\(ModuleNotFoundError"),
        ("broken_module:net", [], "cannot import broken_module .*no_such_module_at_all"),
        ("missing.onnx", [], "missing.onnx: no such file"),
        ("missing.xml", [], "missing.xml: no such file"),
        ("users_module.py", [], "users_module.py: not a model that can be measured"),
        ("bert", [], "'bert' names no model; give a file .onnx or .xml, or MODULE:ATTRIBUTE"),
        ("text.onnx", [], "text.onnx: not an ONNX model"),
        ("empty.onnx", [], "empty.onnx: "),
    ],
)
def test_a_mistake_is_one_line(target: str, shapes: list[str], message: str, here: Path) -> None:
    (here / "text.onnx").write_text("this is a text, not a model")
    (here / "empty.onnx").write_bytes(b"")
    with pytest.raises(IsthmusError, match=message) as caught:
        workload_of(target, shapes)
    assert "\n" not in str(caught.value)


def test_inputs_that_memory_cannot_hold_are_one_line(here: Path) -> None:
    work = workload_of("users_module:sorted_rows", ["x=1000000,1000000"])
    with pytest.raises(UsageError, match=r"4 sets of inputs of 3,725\.3 GiB, .* a smaller --shape"):
        work.input_sets()


def test_what_neither_becomes_a_program_nor_a_file_is_an_error(here: Path) -> None:
    with pytest.raises(UsageError, match=r"^users_module:scaled-2x3-1: "):
        prepared(workload_of("users_module:scaled", ["x=2,3", "y=1"]), here / "prepared")
