"""`isthmus run` with a saved program: arrays from files or made up, outputs shown and written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy
import pytest

import isthmus as im
from isthmus import np
from isthmus.cli import main
from isthmus.errors import UsageError
from isthmus.program.random_inputs import random_inputs

Capture = pytest.CaptureFixture[str]

TABLE = numpy.arange(10, dtype=numpy.float32).reshape(5, 2)
ROWS = numpy.arange(8, dtype=numpy.float32).reshape(2, 4)


def both(x: Any, y: Any) -> Any:
    """`file` is also the name of an argument of `numpy.savez`."""
    return {"sum": x + y, "file": np.tanh(x)}


def nested(pair: Any) -> Any:
    return pair[0] * 2, pair[1]


def looked_up(ids: Any, mask: Any) -> Any:
    return np.take(TABLE, ids, axis=0) * np.astype(mask, np.float32)[:, None]


PROGRAMS: dict[str, tuple[Any, Any]] = {
    "both.im": (both, {"x": im.spec("float32", ["batch", 4]), "y": im.spec("float32", [4])}),
    "nested.im": (nested, ((im.spec("float32", ["n"]), im.spec("int32", [3])),)),
    "looked_up.im": (looked_up, {"ids": im.spec("int32", ["n"]), "mask": im.spec("int8", ["n"])}),
    "inverse.im": (np.linalg.inv, im.spec("float64", [2, 2])),
    "odd": (lambda x: x / 0, im.spec("float64", ["n"])),
    "given.im": (
        lambda table, i: np.take(table, i, axis=0),
        {"table": im.spec("float32", ["n", 2]), "i": im.spec("int32", [2])},
    ),
    "complex.im": (lambda z: z * 1j, im.spec("complex64", [1])),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("programs")
    for name, (function, specs) in PROGRAMS.items():
        im.compile(function, specs, backend="numpy").save(place / name)
    numpy.save(place / "x.npy", ROWS)
    numpy.save(place / "y.npy", ROWS[0])
    numpy.save(place / "wide.npy", ROWS.astype(numpy.float64))
    numpy.save(place / "flat.npy", ROWS.reshape(8))
    numpy.save(place / "singular.npy", numpy.zeros((2, 2)))
    numpy.save(place / "zero.npy", numpy.zeros(1))
    numpy.savez(place / "several.npz", x=ROWS)
    numpy.save(place / "object.npy", numpy.array([{}], dtype=object), allow_pickle=True)
    (place / "text.npy").write_text("words\n")
    for name in ("net.onnx", "net.xml", "bert-base"):
        (place / name).write_text("words\n")
    (place / "empty.npy").write_bytes(b"")
    return place


@pytest.fixture(autouse=True)
def inside(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)


def printed(capsys: Capture, *words: str) -> str:
    code = main(["run", *words])
    said = capsys.readouterr()
    assert (code, said.err) == (0, "")
    return said.out


def answer(capsys: Capture, *words: str) -> Any:
    return json.loads(printed(capsys, *words, "--json"))


@pytest.mark.parametrize("backend", ["cpu", "numpy"])
def test_the_outputs_are_those_of_the_program(
    backend: str, tmp_path: Path, capsys: Capture
) -> None:
    path = tmp_path / "out.npz"
    files = ("--input", "x=x.npy", "--input", "y=y.npy")
    found = answer(capsys, "both.im", *files, "--backend", backend, "--output", str(path))
    expected = {"sum": ROWS + ROWS[0], "file": numpy.tanh(ROWS)}
    with numpy.load(path) as arrays:
        assert list(arrays) == list(expected)
        for name, array in expected.items():
            assert arrays[name].dtype == numpy.float32
            numpy.testing.assert_allclose(arrays[name], array, rtol=1e-5)
    assert [(row["name"], row["dtype"], row["shape"]) for row in found["outputs"]] == [
        (name, "float32", [2, 4]) for name in expected
    ]
    assert found["outputs"][0]["first"] == [0, 2, 4, 6, 4]


def test_json_has_this_schema(capsys: Capture) -> None:
    words = ("both.im", "--input", "x=x.npy", "--input", "random", "--top", "2")
    found = answer(capsys, *words)
    assert {name: type(value).__name__ for name, value in found.items()} == {
        **{"program": "str", "backend": "str", "device": "NoneType", "precision": "str"},
        **{"threads": "NoneType", "output": "NoneType", "inputs": "list", "outputs": "list"},
    }
    assert found["inputs"] == [
        {"name": "x", "dtype": "float32", "shape": [2, 4]},
        {"name": "y", "dtype": "float32", "shape": [4]},
    ]
    assert [len(row["first"]) for row in found["outputs"]] == [2, 2]


def test_people_read_a_table(capsys: Capture) -> None:
    title, headers, first, *_ = printed(
        capsys, "both.im", "--input", "x=x.npy", "--input", "y=y.npy", "--top", "3"
    ).splitlines()
    assert title == "both.im on cpu"
    assert headers.split() == ["output", "dtype", "shape", "first", "elements"]
    assert first.split() == ["sum", "float32", "[2,", "4]", "0,", "2,", "4,", "..."]


def test_what_is_written_is_said(tmp_path: Path, capsys: Capture) -> None:
    words = ("inverse.im", "--input", "random", "--output", str(tmp_path / "out.npz"))
    assert printed(capsys, *words).endswith(f"wrote {tmp_path / 'out.npz'}\n")


def test_nested_arguments_have_their_names(capsys: Capture) -> None:
    found = answer(capsys, "nested.im", "--input", "random", "--size", "n=3")
    assert [row["name"] for row in found["inputs"]] == ["pair.0", "pair.1"]
    assert [(row["dtype"], row["shape"]) for row in found["outputs"]] == [
        ("float32", [3]),
        ("int32", [3]),
    ]


def test_random_input_follows_the_seed(capsys: Capture) -> None:
    words = ("both.im", "--input", "random", "--size", "batch=2", "--seed")
    first, same, other = (answer(capsys, *words, seed)["outputs"] for seed in ("1", "1", "2"))
    assert first == same != other


def test_sizes_of_random_input_follow_the_arrays_given(capsys: Capture) -> None:
    numpy.save("ids.npy", numpy.array([1, 4, 0], numpy.int32))
    found = answer(capsys, "looked_up.im", "--input", "ids=ids.npy", "--input", "mask=random")
    assert [row["shape"] for row in found["inputs"]] == [[3], [3]]


def test_a_file_of_any_name_is_a_program_and_nan_is_a_text(capsys: Capture) -> None:
    found = answer(capsys, "odd", "--input", "x=zero.npy")
    assert found["outputs"][0]["first"] == ["nan"]


def test_complex_numbers_are_texts(capsys: Capture) -> None:
    (output,) = answer(capsys, "complex.im", "--input", "random")["outputs"]
    assert complex(output["first"][0]).imag != 0


def test_random_integers_stay_within_what_they_look_up() -> None:
    function, specs = PROGRAMS["looked_up.im"]
    made = random_inputs(im.trace(function, specs).graph, ["ids", "mask"], {"n": 200})
    assert (made["ids"].dtype, made["mask"].dtype) == (numpy.int32, numpy.int8)
    assert set(made["ids"].tolist()) == set(range(len(TABLE)))
    assert set(made["mask"].tolist()) == {0, 1}


def test_random_input_is_of_the_programs_types() -> None:
    kinds = ("float16", "float64", "complex64", "bool", "uint8", "int64")
    specs = {f"x{at}": im.spec(kind, ["n", 2]) for at, kind in enumerate(kinds)}
    graph = im.trace(lambda x0, x1, x2, x3, x4, x5: (x0, x1, x2, x3, x4, x5), specs).graph
    made = random_inputs(graph, list(specs), {"n": 3})
    assert [str(array.dtype) for array in made.values()] == list(kinds)
    assert {array.shape for array in made.values()} == {(3, 2)}


def test_a_size_below_zero_is_refused() -> None:
    graph = im.trace(lambda x: x, im.spec("float32", ["n - 5"])).graph
    with pytest.raises(UsageError, match=r"would be of shape \(-3,\); give other sizes"):
        random_inputs(graph, ["x"], {"n": 2})


# A command line, the fact and the next step of its one line.
REFUSED = (
    ("both.im", "lacks x: float32[batch, 4] and y: float32[4]", "--input x=FILE.npy, or --input x"),
    ("both.im --input x=x.npy", "lacks y: float32[4]", "give --input y=FILE.npy"),
    ("both.im --input z=x.npy", "no input 'z'", "it has x, y"),
    ("looked_up.im --input masks=x.npy", "no input 'masks'", "the nearest is 'mask'"),
    ("both.im --input x", "--input x", "give NAME=FILE.npy"),
    ("both.im --input x=", "--input x=", "give NAME=FILE.npy"),
    ("both.im --input x=x.npy --input x=random", "given twice", "once"),
    ("both.im --input x=wide.npy --input random", "float64[2, 4] given", ".astype('float32')"),
    ("both.im --input x=flat.npy --input random", "float32[8] given", "reshape it to 2 axes"),
    ("both.im --input x=x.npy --input y=x.npy", "float32[2, 4] given", "reshape it to 1"),
    ("both.im --input x=nope.npy --input random", "x=nope.npy: no such file", "numpy.save"),
    ("both.im --input x=. --input random", "not an array", "numpy.save"),
    ("both.im --input random --size batch=2 --size batch=3", "batch is given twice", "once"),
    ("both.im --input x=text.npy --input random", "it is of another kind", "numpy.save"),
    ("both.im --input x=object.npy --input random", "it holds Python objects", "numpy.save"),
    ("given.im --input random --size n=0", "axis of size 0", "give larger sizes"),
    ("net.onnx --input random", "not an ONNX model", "export it again"),
    ("net.xml", "OpenVINO IR is not loaded", "isthmus bench net.xml"),
    ("bert-base --input random", "bert-base is a model", "./bert-base for the file"),
    ("minilm-l6 --input random", "minilm-l6 is a model", "give --text or --image"),
    ("both.im --input x=text.npy --input random", "not an array", "numpy.save"),
    ("both.im --input x=empty.npy --input random", "not an array", "numpy.save"),
    ("both.im --input x=object.npy --input random", "not an array", "numpy.save"),
    ("both.im --input x=several.npz --input random", "several arrays", "save the one"),
    ("both.im --input random", "random x: float32[batch, 4]", "give --size batch=N"),
    ("both.im --input random --size batsh=2", "no size 'batsh'", "the nearest is 'batch'"),
    ("inverse.im --input random --size n=2", "no size 'n'", "it has none"),
    ("both.im --input random --size batch", "--size batch", "such as --size batch=2"),
    ("both.im --input random --size batch=-1", "--size batch=-1", "NAME=NUMBER"),
    ("both.im --input random --size batch=99999999999", "GiB are free", "give smaller sizes"),
    ("both.im --input x=x.npy --input y=y.npy --size batch=2", "of random input", "leave it out"),
    ("both.im --input random --text a", "is a saved program", "give --input"),
    ("both.im --input random --weights random", "is a saved program", "no --text"),
    ("both.im --input random --backend tpu", "no backend 'tpu'", "there are cpu"),
    ("both.im --input random --size batch=1 --precision f8", "'f8'", "give 'f32', 'bf16'"),
    ("both.im --input random --output x.npy", "x.npy", "ends in it"),
    ("inverse.im --input x=singular.npy", "Singular matrix", "give other arrays"),
    ("nope.im --input random", "cannot be read", "check the file"),
    ("text.npy --input random", "cannot be read", "check the file"),
    ("minilm --input random", "no such file", "give --text or --image"),
    ("minilm-l6 --text a --size batch=2", "minilm-l6 is a model", "give --text or --image"),
)


@pytest.mark.parametrize(("command", "fact", "step"), REFUSED, ids=[row[0] for row in REFUSED])
def test_a_mistake_is_one_line(command: str, fact: str, step: str, capsys: Capture) -> None:
    assert main(["run", *command.split()]) == 2
    text = one_line(capsys)
    assert fact in text and step in text, text


def one_line(capsys: Capture) -> str:
    said = capsys.readouterr()
    assert said.out == "" and said.err.startswith("isthmus run: ")
    assert said.err.count("\n") == 1 and said.err[:-1].isprintable()
    return said.err


def test_a_model_is_not_taken_for_a_file_of_its_name(tmp_path: Path, capsys: Capture) -> None:
    Path("resnet-18").write_bytes(b"")
    assert main(["run", "resnet-18", "--weights", "random"]) == 2
    assert "nothing to run on; give --image" in one_line(capsys)


def test_an_index_of_an_empty_array_is_told_without_an_empty_range() -> None:
    table, index = im.spec("float32", ["n", 2]), im.spec("int32", [2])
    program = im.compile(lambda t, i: np.take(t, i, axis=0), (table, index), backend="cpu")
    with pytest.raises(IndexError, match=r"size 0 .*; it is empty, and no index fits"):
        program(numpy.zeros((0, 2), numpy.float32), numpy.zeros(2, numpy.int32))


@pytest.mark.parametrize("out", ["both.onnx", "both.xml"])
def test_a_saved_program_is_exported(
    folder: Path, tmp_path: Path, out: str, capsys: Capture
) -> None:
    assert main(["export", str(folder / "both.im"), str(tmp_path / out), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["inputs"] == {"x": "float32[batch, 4]", "y": "float32[4]"}
    assert (said["weights"], said["files"][0]["path"]) == ("saved", str(tmp_path / out))
    if out.endswith(".onnx"):
        onnxruntime = pytest.importorskip("onnxruntime")
        session = onnxruntime.InferenceSession(tmp_path / out)
        found = session.run(["sum"], {"x": ROWS, "y": ROWS[0]})
        numpy.testing.assert_array_equal(found[0], ROWS + ROWS[0])


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("export both.im out.onnx --batch 1", "a saved program, with sizes of its own"),
        ("export both.im out.onnx --weights random", "leave --weights"),
        ("export nope.im out.onnx", "nope.im: cannot be read"),
        ("export inverse.im out.onnx", "a file cannot hold"),
    ],
)
def test_what_a_saved_program_is_not_exported_with(
    folder: Path, typed: str, words: str, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.chdir(folder)
    assert main(typed.split()) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert words in line and not (folder / "out.onnx").exists()
