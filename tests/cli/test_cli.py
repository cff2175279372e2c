"""The command line itself: verbs, help, JSON, terminals, pipes, interrupts, export and doctor."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import numpy
import pytest
import result_files
import stored_runs

import isthmus
from isthmus import cli
from isthmus.benchmarks.gate.stored import runs
from isthmus.cli import main
from isthmus.cli.checks import check, checks
from isthmus.cli.show import printable, shortened, shortened_path
from isthmus.system import machine
from isthmus.system.store import Store
from isthmus.system.threads import available_threads

Capture = pytest.CaptureFixture[str]
DESIGNED = {"run", "score", "tune", "bench", "report", "gate", "export", "serve", "doctor"}
COMMAND = [sys.executable, "-m", "isthmus"]


def said(capsys: Capture, *words: str, code: int = 0) -> str:
    """What the command prints; it must exit with the code and say nothing else."""
    exited = main(words)
    output, errors = capsys.readouterr()
    assert (exited, errors) == (code, "")
    return output


def process(*words: str, **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *words], stderr=subprocess.PIPE, text=True, timeout=300, **options
    )


# --- verbs and help ----------------------------------------------------------------------------


def test_the_verbs_are_those_designed_and_a_list() -> None:
    assert set(cli.VERBS) == DESIGNED | {"models"}


@pytest.mark.parametrize("verb", cli.VERBS)
def test_help_of_each_verb_shows_an_example(verb: str, capsys: Capture) -> None:
    text = said(capsys, verb, "--help")
    assert f"Usage: isthmus {verb}" in text and f"Example: isthmus {verb}" in text
    assert "--json" in text


def test_help_names_every_verb_and_comes_without_arguments_too(capsys: Capture) -> None:
    text = said(capsys, "--help")
    assert all(f"\n  {verb} " in text for verb in cli.VERBS)
    assert "Example: isthmus run" in text
    assert said(capsys) == text


def test_version(capsys: Capture) -> None:
    assert said(capsys, "--version") == f"isthmus {isthmus.__version__}\n"


def test_help_loads_no_runtime_and_no_library_of_tables() -> None:
    """Which is why it is quick: each of these takes longer than the whole of `--help`."""
    heavy = ["pandas", "openvino", "onnx", "onnxruntime", "PIL", "rich", "tokenizers", "jinja2"]
    program = (
        "import sys; from isthmus.cli import main; main(['--help']);"
        f"sys.exit([m for m in {heavy} if m in sys.modules] or None)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, ""), f"loaded: {done.stderr}"


# --- how it ends -------------------------------------------------------------------------------


def test_a_defect_brings_its_traceback_and_no_code_of_ours(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    def broken() -> NoReturn:
        """Fail."""
        raise ZeroDivisionError("somewhere deep")

    monkeypatch.setitem(cli.VERBS, "broken", lambda: broken)
    assert main(["broken"]) == cli.DEFECT not in range(6)
    errors = capsys.readouterr().err
    assert "Traceback" in errors and "ZeroDivisionError: somewhere deep" in errors
    assert errors.splitlines()[-1].startswith("isthmus broken: this is a defect of Isthmus")


def test_an_interrupt_exits_130(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    def endless() -> NoReturn:
        """Wait."""
        raise KeyboardInterrupt

    monkeypatch.setitem(cli.VERBS, "endless", lambda: endless)
    assert main(["endless"]) == 130
    assert capsys.readouterr().err == "isthmus endless: interrupted\n"


SMALL = ("--weights", "random", "--height", "32", "--width", "32")
READ_BY_NOBODY: list[tuple[str, ...]] = [
    ("models",),
    ("gate", "files", "r.json", "r.json"),
    ("gate", "r.json", "r.json", "--json"),
    ("report", "r.json"),
    *((verb, "--help") for verb in cli.VERBS),
    ("gate", "history", "runs", "new.json", "--json"),
    ("report", "r.json", "--json"),
    ("report", "r.json", "--out", "report"),
    ("doctor",),
    ("doctor", "--json"),
    ("run", "minilm-l6", "--weights", "random", "--text", "a"),
    ("export", "mobilenet-v1", "net.onnx", *SMALL),
    ("bench", "net:double", "--shape", "x=2", "--variant", "numpy", "--rounds", "1"),
]


@pytest.mark.parametrize("words", READ_BY_NOBODY, ids=" ".join)
def test_a_reader_that_has_gone_is_no_verdict(words: tuple[str, ...], tmp_path: Path) -> None:
    """Neither a regression nor a failure, whichever library prints."""
    result_files.write(
        tmp_path / "r.json",
        result_files.document([result_files.benchmark("net", "cpu", [[0.1] * 5] * 4)]),
    )
    (tmp_path / "net.py").write_text("def double(x):\n    return 2 * x\n")
    runs.append(tmp_path / "runs", stored_runs.run_file(tmp_path / "old.json", 1))
    stored_runs.run_file(tmp_path / "new.json", 2)
    reading, writing = os.pipe()
    os.close(reading)
    done = process(*words, stdout=writing, cwd=tmp_path)
    os.close(writing)
    assert done.returncode == 141 and "Traceback" not in done.stderr


def test_a_message_that_nobody_reads_is_no_regression() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run([*COMMAND, "gate", "no.json", "no.json"], stderr=writing, timeout=60)
    os.close(writing)
    assert done.returncode == 141


def test_closed_streams_keep_the_exit_code() -> None:
    """As a service without any."""
    command = " ".join([*COMMAND, "models"])
    done = subprocess.run(["sh", "-c", f"{command} >&- 2>&-; echo $?"], capture_output=True)
    assert done.stdout == b"0\n" and done.stderr == b""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")
def test_a_full_disk_is_one_line() -> None:
    with open("/dev/full", "w") as full:
        done = process("models", "--json", stdout=full)
    assert done.returncode == 2
    assert done.stderr.startswith("isthmus models: output: No space left on device; check ")
    assert done.stderr.count("\n") == 1


def test_a_terminal_gets_lines_and_bold_headers() -> None:
    ours, theirs = pty.openpty()
    done = process("models", stdout=theirs, env={**os.environ, "TERM": "xterm", "NO_COLOR": ""})
    os.close(theirs)
    output = os.read(ours, 1 << 16).decode()
    os.close(ours)
    assert done.returncode == 0
    assert "\x1b[1m" in output and "──" in output and "minilm-l6" in output


@pytest.mark.parametrize(
    ("text", "expected"),
    [("a\n b", "a b"), ("\x1b[2Jred", "?[2Jred"), ("é \u202e", "é ?"), ("", "")],
)
def test_names_cannot_drive_a_terminal(text: str, expected: str) -> None:
    assert printable(text) == expected


def test_long_cells_keep_the_start_of_texts_and_the_end_of_paths() -> None:
    long = "a" * 59 + "bcd"
    assert shortened(long) == "a" * 59 + "…" and shortened(long[:60]) == long[:60]
    assert shortened_path(long) == "…" + long[-59:]


# --- models and export -------------------------------------------------------------------------


def test_models_lists_the_catalogue(capsys: Capture) -> None:
    rows = json.loads(said(capsys, "models", "--json"))
    assert [row["model"] for row in rows] == isthmus.models.list()
    by_name = {row["model"]: row for row in rows}
    assert by_name["bert-base"] == {
        **{"model": "bert-base", "input": "texts", "image_pixels": None, "task": "features"},
        "sample_weights": None,
    }
    assert by_name["efficientnet-b1"]["image_pixels"] == 240
    assert by_name["mobilenet-v2"]["sample_weights"] in ("installed", "not installed")
    table = said(capsys, "models").splitlines()
    assert [line.split()[0] for line in table[2:-1]] == isthmus.models.list()
    assert any(line.startswith("efficientnet-b1 ") and "240 x 240" in line for line in table)


def expected(x: Any) -> Any:
    """MobileNetV1 with weights of seed 3, by NumPy."""
    net = isthmus.models.create("mobilenet-v1", seed=3)
    return isthmus.compile(net, net.specs(height=32, width=32), backend="numpy")(x=x)


@pytest.fixture
def x() -> Any:
    return numpy.random.default_rng(1).standard_normal((2, 3, 32, 32), numpy.float32)


def test_an_exported_onnx_file_runs_elsewhere(x: Any, tmp_path: Path, capsys: Capture) -> None:
    import onnxruntime

    path = tmp_path / "net.onnx"
    words = ("export", "mobilenet-v1", str(path), *SMALL, "--seed", "3", "--batch", "n", "--json")
    document = json.loads(said(capsys, *words))
    assert document["inputs"] == {"x": "float32[n, 3, 32, 32]"}
    assert document["files"] == [{"path": str(path), "bytes": path.stat().st_size}]
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    assert session.get_inputs()[0].shape == ["n", 3, 32, 32]
    numpy.testing.assert_allclose(session.run(None, {"x": x})[0], expected(x), rtol=1e-3, atol=1e-4)


def test_an_exported_ir_file_runs_elsewhere(x: Any, tmp_path: Path, capsys: Capture) -> None:
    import openvino

    path = tmp_path / "net.xml"
    words = ("export", "mobilenet-v1", str(path), *SMALL, "--seed", "3", "--batch", "2")
    lines = said(capsys, *words).splitlines()
    assert [line.split()[:2] for line in lines[:2]] == [
        ["wrote", str(path)],
        ["wrote", str(path.with_suffix(".bin"))],
    ]
    assert lines[2] == "  x: float32[2, 3, 32, 32]"
    settings = {"INFERENCE_PRECISION_HINT": "f32"}
    compiled = openvino.Core().compile_model(str(path), "CPU", settings)
    found = compiled({"x": x})[0]
    numpy.testing.assert_allclose(found, expected(x), rtol=1e-3, atol=1e-4)


def test_a_file_left_from_before_is_not_said_to_be_written(tmp_path: Path, capsys: Capture) -> None:
    path, old = tmp_path / "net.onnx", tmp_path / "net.onnx.data"
    old.write_bytes(b"weights of another day")
    os.utime(old, (1, 1))
    document = json.loads(said(capsys, "export", "mobilenet-v1", str(path), *SMALL, "--json"))
    assert [file["path"] for file in document["files"]] == [str(path)]


# --- doctor ------------------------------------------------------------------------------------


@pytest.fixture
def examined(capsys: Capture) -> Any:
    return json.loads(said(capsys, "doctor", "--json"))


def test_doctor_finds_what_is_here(examined: Any) -> None:
    assert examined["ok"] and examined["python"] == sys.version.split()[0]
    assert examined["threads"]["used"] == available_threads()
    assert examined["threads"]["affinity"] <= examined["threads"]["processors"]
    assert examined["packages"]["numpy"] == numpy.__version__
    assert 2**28 < examined["memory_bytes"] < 2**50
    assert examined["isthmus_default_precision"] == "f32"


def test_doctor_runs_every_backend(examined: Any) -> None:
    found = {(row["backend"], row["device"]): row for row in examined["backends"]}
    for name in (("numpy", None), ("cpu", None), ("gpu", "cpu")):
        assert found[name]["status"] == "works"
        assert 0 <= found[name]["max_relative_error"] < 1e-5
    assert found["gpu", "cuda"]["status"] in ("works", "missing")


def test_openvino_itself_would_choose_bf16_where_the_processor_has_it(examined: Any) -> None:
    """Why Isthmus always states its precision."""
    has = "avx512_bf16" in examined["processor_flags"]
    assert examined["openvino_default_precision"] == ("bf16" if has else "f32")


def test_doctor_tells_people_the_same(capsys: Capture) -> None:
    text = said(capsys, "doctor")
    assert "the cpu backend works" in text and machine.processor() in text
    assert f"numpy {numpy.__version__}" in text


def test_doctor_tells_of_the_cache_and_clears_it(
    capsys: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "kept"
    monkeypatch.setenv("ISTHMUS_CACHE", str(folder))
    store = Store(folder, 2**20)
    store.put("key", {}, lambda file: file.write(b"content"))
    kept = json.loads(said(capsys, "doctor", "--json"))["cache"]
    assert (kept["folder"], kept["programs"], kept["problem"]) == (str(folder), 1, None)
    assert "0 compiled programs, 0 MiB of 4 GiB, in " in said(capsys, "doctor", "--clear-cache")
    assert store.entries() == []
    folder.chmod(0o777)
    (problem,) = json.loads(said(capsys, "doctor", "--json"))["problems"]
    assert "others may write to it" in problem["problem"] and "chmod 700" in problem["remedy"]
    monkeypatch.setenv("ISTHMUS_CACHE", "off")
    assert "switched off" in said(capsys, "doctor")


def test_without_openvino_doctor_exits_5() -> None:
    """A module that is None in sys.modules cannot be imported."""
    program = (
        "import sys; sys.modules['openvino'] = None; from isthmus.cli import main;"
        "sys.exit(main(['doctor', '--json']))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (5, "")
    document = json.loads(done.stdout)
    assert not document["ok"] and document["openvino_default_precision"] is None
    (problem,) = document["problems"]
    assert problem["problem"].startswith("backend cpu does not work: ")
    assert problem["remedy"] == "pip install --force-reinstall openvino"


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder in which packages can be installed, by hand."""
    from isthmus.program.backend import find_backend

    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    find_backend.cache_clear()


def install(folder: Path, name: str, entry_points: str = "") -> None:
    about = folder / f"{name.replace('-', '_')}-9.9.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 9.9\n")
    (about / "entry_points.txt").write_text(entry_points)


def test_two_runtimes_in_one_folder_are_a_problem_with_a_remedy(
    packages: Path, capsys: Capture
) -> None:
    install(packages, "onnxruntime")
    install(packages, "onnxruntime-gpu")
    lines = said(capsys, "doctor").splitlines()
    (line,) = [line for line in lines if line.startswith("problem: onnxruntime")]
    assert "onnxruntime 9.9 and onnxruntime-gpu 9.9 are both installed" in line
    assert "pip uninstall -y onnxruntime onnxruntime-gpu && pip install" in line


def install_nvidia_smi(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    program = folder / "nvidia-smi"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)


def test_a_gpu_that_is_not_used_is_a_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    if check("gpu", "cuda").status == "works":
        pytest.skip("this machine has a GPU, and uses it")
    install_nvidia_smi(tmp_path, monkeypatch, "echo 'NVIDIA L4, 23034 MiB, 580.65'")
    document = json.loads(said(capsys, "doctor", "--json"))
    assert document["gpus"] == ["NVIDIA L4, 23034 MiB, 580.65"]
    (problem,) = document["problems"]
    assert "has a GPU that backend gpu cannot use" in problem["problem"]
    assert "isthmus[gpu]" in problem["remedy"] and document["ok"]


def test_an_nvidia_smi_that_fails_finds_no_gpu(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install_nvidia_smi(tmp_path, monkeypatch, "echo 'no communication with the driver'; exit 9")
    assert machine.gpus() == []


WRONG = """
from isthmus.graph.interpreter import Reference
from isthmus.numpy_backend import NumpyBackend

class Off(Reference):
    def __call__(self, arrays, sizes):
        return [array * 1.001 for array in super().__call__(arrays, sizes)]

class Backend(NumpyBackend):
    name = "off"

    def load(self, graph, options):
        return Off(graph)

class Broken(NumpyBackend):
    name = "broken"

    def load(self, graph, options):
        raise OSError("a library is missing")
"""


def test_a_backend_of_others_is_checked_too(packages: Path, capsys: Capture) -> None:
    """One that is wrong by a thousandth, and one that does not load."""
    (packages / "isthmus_off.py").write_text(WRONG)
    points = "off = isthmus_off:Backend\nbroken = isthmus_off:Broken\n"
    install(packages, "isthmus-off", f"[isthmus.backends]\n{points}")
    found = {row.name: row for row in checks()}
    assert {"cpu", "off", "broken"} < set(found)
    assert found["off"].status == found["broken"].status == "fails"
    assert found["off"].max_relative_error == pytest.approx(1e-3, rel=0.01)
    assert "OSError: a library is missing" in found["broken"].detail
    text = said(capsys, "doctor")
    assert "problem: backend off does not work: differs from NumPy by 1.0e-03" in text
    assert "remedy: reinstall the package that brings it" in text


def test_a_check_names_its_device() -> None:
    assert check("gpu", "cpu").name == "gpu (cpu)" and check("numpy", None).name == "numpy"


@pytest.mark.parametrize(
    ("model", "flags"),
    [
        (
            "model name\t: X\nflags\t\t: fpu avx2 amx_tile\n\nmodel name\t: Y\n",
            ["avx2", "amx_tile"],
        ),
        ("Features\t: fp asimd i8mm\n", ["asimd", "i8mm"]),
    ],
)
def test_flags_are_those_of_the_first_processor(model: str, flags: list[str]) -> None:
    assert machine.flags_of(machine.first_processor(model)) == flags
