"""A measured process as the harness starts it: a job in a file, a record on the last line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy
import pytest

import isthmus as im
import isthmus.benchmarks
from isthmus import np
from isthmus.benchmarks.harness.variants import OWN_OPENER
from isthmus.benchmarks.portable.timing import inputs
from isthmus.benchmarks.portable.timing.imports import counted
from isthmus.program import archive

FOLDER = Path(isthmus.benchmarks.__file__).resolve().parent
START = "import sys; sys.path.append(sys.argv[1]); "
BOOT = START + "from portable.timing.main import main; main(sys.argv[2])"
SETS = [{"x": numpy.full((2, 3), value, numpy.float32)} for value in (0.0, 0.5, 1.0)]
OPENERS = [
    pytest.param(OWN_OPENER, {"backend": "numpy"}, "numpy ", id="numpy"),
    pytest.param(OWN_OPENER, {"backend": "cpu"}, "openvino ", id="cpu"),
    pytest.param("on_openvino", {}, "openvino ", id="openvino"),
    *(
        pytest.param(
            *row,
            marks=pytest.mark.skipif(find_spec("onnxruntime") is None, reason="no ONNX Runtime"),
            id=row[0].rpartition(".")[2],
        )
        for row in [
            (OWN_OPENER, {"backend": "gpu", "device": "cpu"}, "onnxruntime"),
            ("on_onnxruntime", {}, "onnxruntime "),
        ]
    ),
]


def two(x: Any) -> Any:
    return np.tanh(x), x + 1


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of a small program with two outputs, and three sets of inputs."""
    folder = tmp_path_factory.mktemp("prepared")
    specs = {"x": im.spec("float32", [2, 3])}
    archive.save(im.trace(two, specs), folder / "program.im")
    im.export(two, specs, folder / "model.onnx")
    inputs.write_sets(folder / "inputs.npz", SETS)
    return folder


def _started(tmp_path: Path, prepared: Path, **job: Any) -> subprocess.CompletedProcess[str]:
    usual = {
        "opener": OWN_OPENER,
        "options": {"backend": "numpy"},
        "folder": str(prepared),
        "threads": 1,
        "seconds": 0.02,
        "scenario": {"name": "single-stream"},
        "delay": 0.0,
        "outputs": None,
    }
    path = tmp_path / "job.json"
    path.write_text(json.dumps({**usual, **job}))
    return _python(BOOT, str(path))


def _python(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", code, str(FOLDER), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def _record(finished: subprocess.CompletedProcess[str]) -> Mapping[str, Any]:
    assert finished.returncode == 0, finished.stderr
    record: Mapping[str, Any] = json.loads(finished.stdout.splitlines()[-1])
    return record


@pytest.mark.parametrize(("opener", "options", "runtime"), OPENERS)
def test_every_opener_computes_the_same_and_says_what_ran(
    prepared: Path, opener: str, options: dict[str, Any], runtime: str, tmp_path: Path
) -> None:
    path = tmp_path / "outputs.npz"
    finished = _started(tmp_path, prepared, opener=opener, options=options, outputs=str(path))
    record = _record(finished)
    outputs = inputs.read_outputs(path)
    assert len(outputs) == 3
    for given, found in zip(SETS, outputs, strict=True):
        assert len(found) == 2
        assert numpy.allclose(found[0], numpy.tanh(given["x"]), atol=1e-6)
        assert numpy.allclose(found[1], given["x"] + 1)
    assert record["runtime"].startswith(runtime)
    assert (record["load_seconds"] is None) == (opener == "on_onnxruntime")


def test_a_record_has_every_field_and_none_is_a_zero_for_unknown(
    prepared: Path, tmp_path: Path
) -> None:
    record = _record(_started(tmp_path, prepared))
    for name in ("import", "load", "compile", "first_inference", "timer_resolution"):
        assert record[f"{name}_seconds"] > 0, name
    assert set(record["warm_up"]) == {"calls", "seconds", "steady"}
    assert len(record["seconds"]) >= 3
    assert min(record["seconds"]) > 0
    assert record["calls_per_sample"] >= 1
    assert record["windows"]["kept"] >= 1
    assert 0 < record["cpu_per_wall"] < 1.5
    assert record["scenario"]["scenario"] == "single-stream"
    for name in ("clock_mhz", "energy_joules_per_call", "peak_memory_bytes", "os_threads"):
        assert record[name] is None or record[name] > 0, name


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="affinity is Linux's")
def test_no_thread_may_use_more_processors_than_threads(prepared: Path, tmp_path: Path) -> None:
    record = _record(_started(tmp_path, prepared, options={"backend": "cpu"}))
    assert record["affinity"] == [min(os.sched_getaffinity(0))]


def test_a_scenario_is_in_the_record(prepared: Path, tmp_path: Path) -> None:
    scenario = {"name": "server", "rate_per_s": 200.0, "bound_ms": 1e4, "percentile": 90}
    record = _record(_started(tmp_path, prepared, scenario=scenario, seconds=0.7))
    assert record["scenario"]["scenario"] == "server"
    assert record["scenario"]["queries"] == len(record["seconds"])
    assert record["calls_per_sample"] == 1


@pytest.mark.parametrize(
    ("job", "code", "words"),
    [
        ({"opener": "on_absent"}, 5, "on_absent"),
        ({"folder": "/nowhere"}, 2, "/nowhere/program.im: cannot be read"),
        ({"scenario": {"name": "parallel"}}, 2, "no scenario 'parallel'"),
        ({"options": {"backend": "tpu"}}, (2, 5), "tpu"),
    ],
)
def test_a_failure_is_one_line_and_a_code(
    prepared: Path, tmp_path: Path, job: dict[str, Any], code: Any, words: str
) -> None:
    finished = _started(tmp_path, prepared, **job)
    assert finished.returncode in (code if isinstance(code, tuple) else (code,))
    assert words in finished.stderr.splitlines()[-1]
    assert "Traceback" not in finished.stderr
    assert finished.stdout == ""


def test_what_a_program_lacks_is_missing_with_its_reason(tmp_path: Path) -> None:
    code = START + (
        "import portable.timing.main as m\n"
        "def refuse(job, turns): raise m.Missing('no operator Celu:\\n see elsewhere')\n"
        "m.measure = refuse; m.main(sys.argv[2])"
    )
    (tmp_path / "job.json").write_text("{}")
    finished = _python(code, str(tmp_path / "job.json"))
    assert finished.returncode == 5
    assert finished.stderr.splitlines()[-1] == "no operator Celu: see elsewhere"


def test_what_others_print_does_not_reach_the_record() -> None:
    code = START + (
        "from portable.timing.main import own_stdout\nimport os\n"
        "answer = own_stdout(); os.system('echo noise'); print('more', flush=True)\n"
        "answer('the record'); print('after')"
    )
    finished = _python(code)
    assert finished.stdout == "the record\n"
    assert "noise" in finished.stderr


def test_importing_the_package_and_its_openers_imports_no_runtime() -> None:
    code = START + (
        "import portable.timing.main, portable.timing.inputs\n"
        "import portable.peers.on_openvino, portable.peers.on_onnxruntime\n"
        "print({'isthmus', 'onnx', 'openvino', 'onnxruntime'} & set(sys.modules) or 'none')"
    )
    assert _python(code).stdout == "none\n"


def test_the_opener_of_isthmus_imports_no_runtime() -> None:
    code = (
        f"import sys, {OWN_OPENER}\n"
        "print({'onnx', 'openvino', 'onnxruntime'} & set(sys.modules) or 'none')"
    )
    assert _python(code).stdout == "none\n"


# Inputs and imports


def test_sets_are_read_as_they_were_written(tmp_path: Path) -> None:
    sets: list[dict[str, Any]] = [
        {"a/b:0": numpy.arange(i + 1), "c": numpy.ones(i, numpy.float32)} for i in range(12)
    ]
    inputs.write_sets(tmp_path / "sets.npz", sets)
    read = inputs.read_sets(tmp_path / "sets.npz")
    assert [list(one) for one in read] == [["a/b:0", "c"]] * 12
    assert all(len(one["a/b:0"]) == i + 1 for i, one in enumerate(read))
    outputs = [[numpy.arange(j) for j in range(11)]]
    inputs.write_outputs(tmp_path / "outputs.npz", outputs)
    assert [len(one) for one in inputs.read_outputs(tmp_path / "outputs.npz")[0]] == list(range(11))


def test_a_file_without_sets_is_an_error(tmp_path: Path) -> None:
    numpy.savez(tmp_path / "plain.npz", x=numpy.zeros(2))
    with pytest.raises(ValueError, match="'x' has no set"):
        inputs.read_sets(tmp_path / "plain.npz")


def test_imports_are_counted_once_and_only_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "counted_inner.py").write_text("")
    (tmp_path / "counted_outer.py").write_text("import counted_inner, sys")
    monkeypatch.syspath_prepend(str(tmp_path))
    readings = iter(range(100))

    def elsewhere() -> None:
        import string  # noqa: F401

    with counted(lambda: float(next(readings))) as seconds:
        exec("import counted_outer")
        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join()
    assert len(seconds) == 1, "what is imported inside is part of it"
    assert seconds[0] >= 5, "the clock is read twice for each of the two inside"
    assert import_module("counted_outer").counted_inner
