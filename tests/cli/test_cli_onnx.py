"""ONNX files on the command line, where a saved program stands."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy
import pytest
from onnx_files import node, written
from PIL import Image

import isthmus as im
from isthmus.cli import main

Capture = pytest.CaptureFixture[str]
BRIGHT = [node("ReduceMean", ["image", "axes"], ["bright"])]


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    kinds = {"image": ("float32", ["n", 3, 8, 6])}
    return written(tmp_path, BRIGHT, kinds, ["bright"], {"axes": [2, 3]})


def said(capsys: Capture, *words: str) -> Any:
    assert main(words) == 0
    return json.loads(capsys.readouterr().out)


def test_run_on_an_image(file: Path, capsys: Capture) -> None:
    Image.new("RGB", (30, 40), (255, 51, 0)).save("photo.png")
    for backend in ("cpu", "numpy"):
        words = ("run", file.name, "--input", "image=photo.png", "--backend", backend, "--json")
        (output,) = said(capsys, *words)["outputs"]
        assert output["shape"] == [1, 3, 1, 1]
        assert output["first"] == pytest.approx([1, 0.2, 0], abs=1e-6)


def test_run_on_arrays_and_random_ones(file: Path, capsys: Capture) -> None:
    numpy.save("x.npy", numpy.ones((2, 3, 8, 6), numpy.float32))
    (output,) = said(capsys, "run", file.name, "--input", "image=x.npy", "--json")["outputs"]
    assert output["first"][:3] == [1, 1, 1]
    words = ("run", file.name, "--input", "random", "--size", "n=5", "--json")
    (output,) = said(capsys, *words)["outputs"]
    assert output["shape"] == [5, 3, 1, 1]


def test_export_and_tune(file: Path, capsys: Capture) -> None:
    assert main(("export", file.name, "again.onnx")) == 0
    assert main(("export", file.name, "again.xml")) == 0
    x = numpy.ones((2, 3, 8, 6), numpy.float32)
    assert (im.load("again.onnx")(x) == 1).all()
    capsys.readouterr()
    found = said(capsys, "tune", file.name, "--size", "n=1", "--budget", "1s", "--json")
    assert found["program"] == file.name


def test_what_is_wrong_is_one_line(file: Path, capsys: Capture) -> None:
    Path("broken.onnx").write_bytes(file.read_bytes()[:50])
    unknown = written(Path("."), [node("Odd", ["image"], ["y"])], {"image": ("float32", [1])}, "y")
    rows = {
        ("broken.onnx", "--input", "random"): "not an ONNX model",
        ("absent.onnx", "--input", "random"): "no such file; give the path of an ONNX model",
        (unknown.name, "--input", "random"): "not known to isthmus: Odd (opset 20)",
    }
    for words, reason in rows.items():
        assert main(("run", *words)) == 2
        text = capsys.readouterr().err
        assert reason in text and text.count("\n") == 1


TOKENS = [
    node("Gather", ["table", "ids"], ["rows"]),
    node("Cast", ["attention_mask"], ["seen"], to=1),
    node("Mul", ["rows", "seen"], ["left"]),
    node("Cast", ["segment_ids"], ["kinds"], to=1),
    node("Add", ["left", "kinds"], ["y"]),
]
WORDS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "a", "cat", "sat", "##s")


def of_tokens(folder: Path, kind: str = "int64", shape: tuple[Any, ...] = ("n", "s")) -> Path:
    """A file that returns its token numbers times ten, zero where the mask is."""
    names = ("ids", "attention_mask", "segment_ids")
    kinds = {name: (kind, list(shape)) for name in names}
    table = (10 * numpy.arange(len(WORDS))).astype(numpy.float32)
    return written(folder, TOKENS, kinds, ["y"], {"table": table})


@pytest.fixture
def words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "vocab.txt").write_text("\n".join(WORDS) + "\n")
    return tmp_path


@pytest.mark.parametrize("backend", ["cpu", "numpy"])
@pytest.mark.parametrize("kind", ["int32", "int64"])
def test_run_on_a_text(words: Path, kind: str, backend: str, capsys: Capture) -> None:
    file = of_tokens(words, kind)
    line = ("run", file.name, "--input", "ids=a cat sat", "--backend", backend, "--top", "9")
    found = said(capsys, *line, "--json")
    assert found["outputs"][0]["first"] == [20, 40, 50, 60, 30]
    assert found["text"] == (
        "text of 5 tokens, by vocab.txt; ids: ids, attention_mask: mask, segment_ids: types"
    )
    assert main(line) == 0
    assert capsys.readouterr().out.splitlines()[0] == found["text"]


def test_a_text_is_padded_or_cut_to_the_length_of_the_file(words: Path, capsys: Capture) -> None:
    file = of_tokens(words, shape=(1, 8))
    line = ("run", file.name, "--input", "ids=A cats", "--top", "9", "--json")
    found = said(capsys, *line)
    assert found["outputs"][0]["first"] == [20, 40, 50, 70, 30, 0, 0, 0]
    assert "text of 5 tokens, padded with 3, by vocab.txt" in found["text"]
    file = of_tokens(words, shape=(4,))
    found = said(capsys, "run", file.name, "--input", "ids=a cat sat", "--json")
    assert found["outputs"][0]["first"] == [20, 40, 50, 30]
    assert "text of 4 tokens, cut from 5, by" in found["text"]


def test_a_tokenizer_of_another_place_and_a_mask_of_ones_own(
    words: Path, tmp_path_factory: pytest.TempPathFactory, capsys: Capture
) -> None:
    file = of_tokens(tmp_path_factory.mktemp("elsewhere"))
    numpy.save("mask.npy", numpy.array([[1, 0, 1]]))
    given = ("--input", "ids=cat", "--input", "attention_mask=mask.npy", "--tokenizer", ".")
    found = said(capsys, "run", str(file), *given, "--json")
    assert found["outputs"][0]["first"] == [20, 0, 30]
    assert found["text"].endswith("; ids: ids, segment_ids: types")


def test_what_a_text_is_not(words: Path, capsys: Capture) -> None:
    file = of_tokens(words).name
    rows: dict[tuple[str, ...], str] = {
        ("--input", "attention_mask=a cat"): "it is attention_mask; give the text to the token",
        ("--input", "ids=a", "--input", "segment_ids=b"): "no such file, and ids has the text",
        ("--input", "ids=ids.npy", "--input", "random"): "ids=ids.npy: no such file; give one of",
        ("--input", "ids=a", "--tokenizer", "no.txt"): "no.txt: no tokenizer there; give a tok",
        ("--input", "ids= ", "--input", "random"): "texts[0] is ' '; give a str that is not empty",
    }
    for given, reason in rows.items():
        assert main(("run", file, *given)) == 2, given
        text = capsys.readouterr().err
        assert reason in text and text.count("\n") == 1, text
    two = of_tokens(words, shape=(2, "s"))
    assert main(("run", two.name, "--input", "ids=a cat")) == 2
    assert "ids has 2 texts; give an array of them" in capsys.readouterr().err
    (words / "vocab.txt").unlink()
    assert main(("run", file, "--input", "ids=a cat")) == 2
    assert "no tokenizer beside" in (text := capsys.readouterr().err) and text.count("\n") == 1
    assert main(("run", "minilm-l6", "--text", "a", "--tokenizer", "vocab.txt")) == 2
    assert "minilm-l6 is a model, and --input, --size and --tokenizer" in capsys.readouterr().err
