"""A verb imports what it uses: heavy packages are named here where they are allowed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import result_files

from isthmus.errors import FileError
from isthmus.models.inputs import samples

# Each takes from a hundredth of a second to whole ones to import.
HEAVY = {
    *("huggingface_hub", "jinja2", "matplotlib", "numpy.ma", "numpy.random", "onnx", "onnxruntime"),
    *("openvino", "openvino.tools.ovc", "openvino_telemetry", "pandas", "PIL", "pytest", "rich"),
    *("requests", "safetensors", "scipy", "sklearn", "tokenizers", "torch"),
    *("isthmus.benchmarks", "isthmus.models", "isthmus.reports", "isthmus.onnx"),
    *("isthmus.program.quantization", "isthmus.rewrite.quantization"),
}

# What `import isthmus` leaves to whoever uses it, beside the heavy ones.
LATER = {
    *("bz2", "concurrent.futures", "difflib", "email", "hashlib", "importlib.metadata", "logging"),
    *("lzma", "shutil", "ssl", "subprocess", "tempfile", "zipfile"),
    *("msgspec", "threadpoolctl", "typer", "numpy.testing"),
    *("isthmus.cli", "isthmus.cpu_backend", "isthmus.gpu_backend", "isthmus.tuning"),
    *("isthmus.program.cache", "isthmus.program.requests.mapping", "isthmus.system.store"),
    *("isthmus.program.requests.joining", "isthmus.rewrite.canonical.patterns"),
}

PROGRAM = """\
import json, os, sys
from isthmus.cli import main
output, sys.stdout = sys.stdout, open(os.devnull, "w")
code = main(sys.argv[1:])
print(json.dumps([code, sorted(sys.modules)]), file=output)
"""


def imported(*words: str) -> set[str]:
    """The heavy modules that a command line has imported when it is done."""
    command = [sys.executable, "-c", PROGRAM, *words]
    code, modules = json.loads(subprocess.check_output(command, text=True))
    assert code == 0
    return HEAVY.intersection(modules)


def photograph() -> str:
    try:
        samples.mobilenet_v2()
        return str(samples.photographs()[0])
    except FileError as absent:
        pytest.skip(str(absent))


def test_importing_isthmus_leaves_the_rest_to_who_uses_it() -> None:
    program = "import isthmus, json, sys; print(json.dumps(sorted(sys.modules)))"
    modules = json.loads(subprocess.check_output([sys.executable, "-c", program], text=True))
    assert (HEAVY | LATER).intersection(modules) == set()


def test_help_and_version_import_none() -> None:
    assert imported("--version") <= {"isthmus.models"}
    assert imported("run", "--help") == set()


def test_models_are_listed_without_any_runtime() -> None:
    assert imported("models") == {"isthmus.models"}


def test_an_image_takes_openvino_and_pillow_alone() -> None:
    found = imported("run", "mobilenet-v2", "--image", photograph())
    assert found == {"isthmus.models", "openvino", "PIL"}


def test_a_text_takes_openvino_and_tokenizers_alone() -> None:
    try:
        samples.minilm()
    except FileError as absent:
        pytest.skip(str(absent))
    found = imported("run", "minilm-l6", "--text", "a cat", "--text", "a lorry")
    assert found == {"isthmus.models", "openvino", "safetensors", "tokenizers"}


def test_a_saved_program_takes_openvino_and_safetensors_alone(tmp_path: Path) -> None:
    import numpy

    import isthmus as im

    im.compile(im.np.tanh, im.spec("float32", ["n"])).save(tmp_path / "program.im")
    numpy.save(tmp_path / "x.npy", numpy.ones(3, numpy.float32))
    given = f"x={tmp_path / 'x.npy'}"
    found = imported("run", str(tmp_path / "program.im"), "--input", given)
    assert found == {"openvino", "safetensors"}


def test_a_program_on_numpy_takes_no_runtime(tmp_path: Path) -> None:
    import isthmus as im

    im.compile(im.np.tanh, im.spec("float32", ["n"])).save(tmp_path / "program.im")
    words = ("run", str(tmp_path / "program.im"), "--backend", "numpy", "--input", "random")
    found = imported(*words, "--size", "n=3")
    assert found <= {"safetensors", "numpy.random"}


def test_a_report_takes_no_runtime(tmp_path: Path) -> None:
    path = result_files.write(tmp_path / "r.json", result_files.document())
    found = imported("report", str(path), "--json")
    assert not found & {"openvino", "onnxruntime", "onnx", "PIL", "tokenizers", "torch", "sklearn"}
