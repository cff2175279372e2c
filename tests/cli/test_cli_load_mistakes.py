"""What users give to `load` and `load_parameters` in place of a file of the kind: one line each."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path
from typing import Any

import numpy
import pytest

import isthmus as im
from isthmus import nn
from isthmus.cli import main
from isthmus.errors import FileError, UsageError
from isthmus.system.file_kinds import kind_of, no_file

ARRAY = b"\x93NUMPY\x01\x00" + bytes(118)
PICKLE = b"\x80\x02}q\x00."


def _zip(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("data.pkl", "words")


MAKE: dict[str, Any] = {
    "absent": lambda path: None,
    "array": lambda path: path.write_bytes(ARRAY),
    "device": lambda path: os.mkfifo(path),
    "empty": lambda path: path.write_bytes(b""),
    "folder": lambda path: path.mkdir(),
    "page": lambda path: path.write_text("<!DOCTYPE html><html>404</html>"),
    "pickle": lambda path: path.write_bytes(PICKLE),
    "pointer": lambda path: path.write_text("version https://git-lfs.github.com/spec/v1\noid 1\n"),
    "text": lambda path: path.write_text("A file of words,\nnamed as another kind.\n"),
    "zip": _zip,
}
SAID = {
    "absent": "no such file",
    "array": "it is an array of numpy.save",
    "device": "it is a device or a pipe, no plain file",
    "empty": "it is empty",
    "folder": "it is a folder",
    "page": "it is a page of HTML, as a failed download leaves",
    "pickle": "it is a pickle",
    "pointer": "it is a pointer of git-lfs to the file; run git lfs pull",
    "text": "it is text",
    "zip": "it is a zip archive, as torch.save writes",
}


@pytest.mark.parametrize("suffix", [".im", ".onnx", ".ONNX", ".pt", ""])
@pytest.mark.parametrize("kind", sorted(MAKE))
def test_other_kinds_of_files(kind: str, suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"net{suffix}"
    MAKE[kind](path)
    with pytest.raises(FileError) as raised:
        im.load(path)
    said = str(raised.value)
    assert said.startswith(str(path)) and SAID[kind] in said and "; " in said, said
    assert "\n" not in said and "os error" not in said, said


@pytest.mark.parametrize("kind", sorted(MAKE))
def test_parameters(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "net.safetensors"
    MAKE[kind](path)
    with pytest.raises(FileError, match="no parameters can be read") as raised:
        nn.Dense(1, 1).load_parameters(path)
    assert SAID[kind] in str(raised.value) and "\n" not in str(raised.value)


def test_a_folder_names_what_is_in_it(tmp_path: Path) -> None:
    step = f"give a file in it, such as {tmp_path / 'b.onnx'}"
    (tmp_path / "a.txt").write_text("words")
    with pytest.raises(FileError, match=r"it is a folder\); give a file$"):
        im.load(tmp_path)
    im.export(lambda x: x + 1, im.spec("float32", [1]), tmp_path / "b.onnx")
    with pytest.raises(FileError) as raised:
        im.load(tmp_path)
    assert str(raised.value).endswith(step)
    assert im.load(step.partition("such as ")[2]) is not None  # the step is one that works
    assert main(["run", str(tmp_path / "b.onnx"), "--input", "random"]) == 0


@pytest.mark.parametrize("path", [3, None, b"net.im", ["net.im"], numpy.ones(2)])
def test_what_is_no_path(path: Any) -> None:
    for load in (im.load, nn.Dense(1, 1).load_parameters):
        with pytest.raises(UsageError, match=r"a path of type \w+; give a str or a pathlib.Path"):
            load(path)


@pytest.mark.parametrize("path", ["a\0b", "x" * 5000])
def test_names_that_no_file_has(path: str) -> None:
    for load in (im.load, nn.Dense(1, 1).load_parameters):
        with pytest.raises(FileError):
            load(path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads what it likes")
def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    path = tmp_path / "net.im"
    path.write_bytes(b"\0" * 9)
    path.chmod(0)
    with pytest.raises(FileError, match="permission denied"):
        im.load(path)


def test_an_onnx_file_of_another_case(tmp_path: Path) -> None:
    im.export(lambda x: x + 1, {"x": im.spec("float32", [1])}, tmp_path / "net.onnx")
    (tmp_path / "net.onnx").rename(tmp_path / "NET.ONNX")
    assert im.load(tmp_path / "NET.ONNX")(x=numpy.ones(1, numpy.float32)) == 2


def test_files_of_the_kind_are_not_accused(tmp_path: Path) -> None:
    im.export(lambda x: x + 1, im.spec("float32", [1]), tmp_path / "net.onnx")
    im.compile(lambda x: x + 1, im.spec("float32", [1])).save(tmp_path / "net.im")
    dense = nn.Dense(1, 1)
    dense.initialize()
    dense.save_parameters(tmp_path / "net.safetensors")
    for path in tmp_path.iterdir():
        assert kind_of(path) is None and no_file(path, ()) is None


@pytest.mark.parametrize("begins", [b"\x80\x02", b"\x80\x04"])
def test_a_file_that_begins_as_another_kind_is_read(begins: bytes, tmp_path: Path) -> None:
    """Its first bytes are the size of its head: here 0x280 and 0x480."""
    path, size = tmp_path / "net.im", int.from_bytes(begins, "little")
    compiled = im.compile(lambda x: x + 1, {"x": im.spec("float32", [1])}, backend="numpy")
    compiled.save(path)
    whole = path.read_bytes()
    head = int.from_bytes(whole[:8], "little")
    if head > size:
        size += 0x10000  # the same two bytes, and another after them
    filled = whole[8 : 8 + head] + b" " * (size - head) + whole[8 + head :]
    path.write_bytes(size.to_bytes(8, "little") + filled)
    assert path.read_bytes().startswith(begins) and kind_of(path) is not None
    assert im.load(path, backend="numpy")(x=numpy.ones(1, numpy.float32)) == 2
    dense = nn.Dense(1, 1)
    dense.initialize()
    dense.save_parameters(path)
    whole = path.read_bytes()
    head = int.from_bytes(whole[:8], "little")
    size = int.from_bytes(begins, "little")
    path.write_bytes(
        size.to_bytes(8, "little") + whole[8 : 8 + head] + b" " * (size - head) + whole[8 + head :]
    )
    assert dense.load_parameters(path) == ([], [])
