"""`isthmus export --repository`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import isthmus as im
from isthmus.cli import main

Capture = pytest.CaptureFixture[str]
SMALL = ("mobilenet-v1", "--weights", "random", "--height", "32", "--width", "32")


def said(capsys: Capture, *words: str) -> str:
    assert main(["export", *words]) == 0, capsys.readouterr().err
    return capsys.readouterr().out


def refused(capsys: Capture, *words: str) -> str:
    assert main(["export", *words]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and error.startswith("isthmus export: ")
    return error.removeprefix("isthmus export: ")


@pytest.fixture
def program(tmp_path: Path) -> str:
    path = tmp_path / "double.im"
    spec = im.spec("float32", ["batch", "seq"])
    im.compile(lambda x: x * 2, spec, backend="numpy").save(path)
    return str(path)


def test_a_model_of_the_catalogue(tmp_path: Path, capsys: Capture) -> None:
    words = (*SMALL, "--repository", str(tmp_path), "--max-batch", "4", "--json")
    document = json.loads(said(capsys, *words))
    assert (document["name"], document["version"]) == ("mobilenet-v1", 1)
    assert document["signature"] == {
        "backend": "onnxruntime",
        "max_batch_size": 4,
        "inputs": [{"name": "x", "type": "TYPE_FP32", "dims": [-1, 3, 32, 32]}],
        "outputs": [{"name": "output", "type": "TYPE_FP32", "dims": [-1, 1000]}],
    }
    assert Path(document["file"]).exists() and document["why_alone"] is None


def test_a_saved_program_and_its_next_version(
    program: str, tmp_path: Path, capsys: Capture
) -> None:
    folder = str(tmp_path / "models")
    words = (program, "--repository", folder, "--bucket", "seq=7", "--bucket", "seq=9")
    lines = said(capsys, *words).splitlines()
    assert lines[0].split()[:2] == ["wrote", f"{folder}/double/1/model.onnx,"]
    document = json.loads(said(capsys, *words, "--json"))
    assert document["version"] == 2 and document["buckets"] == [{"seq": 7}, {"seq": 9}]
    readme = (tmp_path / "models/double/README.md").read_text()
    assert "seq: 7, 9" in readme


def test_an_onnx_file_for_openvino(tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "net.onnx"
    im.export(lambda x: x + 1, im.spec("float32", ["n", 2]), path)
    words = (str(path), "--repository", str(tmp_path / "models"), "--server-backend", "openvino")
    said(capsys, *words, "--name", "other")
    assert (tmp_path / "models/other/1/model.xml").exists()
    assert "Triton runs requests one by one" in said(capsys, *words)


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (("--repository", "models", "net.onnx"), "give one of them"),
        ((), "nothing to write to: give a file OUT, or --repository FOLDER"),
        (("net.onnx", "--max-batch", "3"), "--max-batch is of --repository FOLDER"),
        (("--repository", "models", "--bucket", "seq"), "give NAME=NUMBER"),
        (("--repository", "models", "--bucket", "length=3"), "no such size; it has seq"),
        (("--repository", "models", "--device", "tpu"), "give 'cpu' or 'cuda'"),
        (("--repository", "models", "--name", "a b"), "give --name a-b"),
        (("--repository", "models", "--seq", "3"), "leave --seq"),
        (("--repository", "models", "--max-batch", "-3"), "give a whole number from 0"),
    ],
)
def test_what_is_wrong_is_one_line(
    words: tuple[str, ...], error: str, program: str, capsys: Capture, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    assert error in refused(capsys, program, *words)
    assert not (tmp_path / "models").exists()


def test_what_is_edited_is_said_to_be_kept(program: str, tmp_path: Path, capsys: Capture) -> None:
    words: tuple[Any, ...] = (program, "--repository", str(tmp_path / "models"))
    said(capsys, *words)
    config = tmp_path / "models/double/config.pbtxt"
    config.write_text(config.read_text() + "# mine\n")
    assert "kept double/config.pbtxt, which was edited" in said(capsys, *words)
