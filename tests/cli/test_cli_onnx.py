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
