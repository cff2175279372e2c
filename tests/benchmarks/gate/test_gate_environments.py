"""This environment against another: real virtual environments, wheels made here, no index asked."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import venv
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
import threadpoolctl
from patience import in_a_quiet_moment
from small_wheels import wheel

from isthmus.benchmarks.gate.against_environment import EnvironmentRequest, gate
from isthmus.benchmarks.gate.environments import made
from isthmus.benchmarks.gate.environments.asked import Requirements, asked_of
from isthmus.benchmarks.gate.environments.made import MARKER, environment_of, key_of
from isthmus.benchmarks.gate.environments.own_code import home_of, placed
from isthmus.benchmarks.gate.environments.told import Told, differing, older, told
from isthmus.benchmarks.gate.outputs import to_json, to_text
from isthmus.benchmarks.gate.rule.agreement import Agreement, judged_agreement
from isthmus.benchmarks.gate.rule.sampling import Effort
from isthmus.benchmarks.gate.rule.settings import Settings
from isthmus.benchmarks.harness.processes import Home
from isthmus.cli import main
from isthmus.errors import FileError, IsthmusError, UsageError
from isthmus.reports.files.result_fields import Parity

OTHER = "3.5.99"  # of threadpoolctl, which Isthmus needs; older than what is here, and admitted
NET = """\
from isthmus import np

def net(x):
    return np.matmul(x, x) / 16
"""


def quiet(step: object) -> None:
    """Nobody is told of the progress."""


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The threadpoolctl that is here as another version of it."""
    text = Path(threadpoolctl.__file__).read_text(encoding="utf-8")
    folder = tmp_path_factory.mktemp("wheels")
    return wheel(folder, "threadpoolctl", OTHER, text.replace("__version__ = ", "_was = ", 1))


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """A virtual environment without any package."""
    venv.create(tmp_path / "bare", with_pip=False)
    return tmp_path / "bare"


@pytest.mark.parametrize(
    ("text", "pins"),
    [
        ("openvino==2026.3.0", ["openvino==2026.3.0"]),
        ("openvino==2026.3.0,onnxruntime==1.31.1", ["onnxruntime==1.31.1", "openvino==2026.3.0"]),
        ("numpy >= 2.4, <2.5 , openvino~=2026.3", ["numpy>=2.4,<2.5", "openvino~=2026.3"]),
        ("onnxruntime-gpu[cuda,cudnn]==1.31", ["onnxruntime-gpu[cuda,cudnn]==1.31"]),
    ],
)
def test_pins_are_requirements(tmp_path: Path, text: str, pins: list[str]) -> None:
    found = asked_of(text, tmp_path)
    assert isinstance(found, Requirements) and sorted(found.arguments) == sorted(found.content)
    assert list(found.content) == pins


@pytest.mark.parametrize(
    ("name", "content", "error", "words"),
    [
        ("nowhere", None, UsageError, "no such folder or file, and no pins"),
        ("openvino", None, UsageError, "no pins"),
        ("openvino==1,b", None, UsageError, "no pins"),
        ("-r==1", None, UsageError, "no pins"),
        ("folder", "", UsageError, "no virtual environment"),
        ("empty.txt", "# nothing\n\n", UsageError, "asks for nothing"),
        ("nested.txt", "-r absent.txt\n", FileError, "absent.txt: cannot be read"),
        ("binary.txt", b"\xff\xfe\x00\xd8", FileError, "is not text"),
        ("editable.txt", "-e .\n", UsageError, "may change under its name"),
        ("here.txt", "./folder\n", UsageError, "may change under its name"),
    ],
)
def test_what_names_no_environment_is_one_line(
    tmp_path: Path, name: str, content: str | bytes | None, error: type[Exception], words: str
) -> None:
    (tmp_path / "folder").mkdir()
    if isinstance(content, bytes):
        (tmp_path / name).write_bytes(content)
    elif content:
        (tmp_path / name).write_text(content)
    with pytest.raises(error, match=words) as caught:
        asked_of(name, tmp_path)
    assert "\n" not in str(caught.value)


def test_a_file_counts_with_those_that_it_names(tmp_path: Path, archive: Path) -> None:
    inner, outer = tmp_path / "inner.txt", tmp_path / "outer.txt"
    inner.write_text("numpy==2.4.0  # why\n")
    outer.write_text(f"-c inner.txt\n{archive}\n-r outer.txt\n")
    first = asked_of("outer.txt", tmp_path)
    inner.write_text("numpy==2.4.1\n")
    second = asked_of("outer.txt", tmp_path)
    assert isinstance(first, Requirements) and isinstance(second, Requirements)
    assert "numpy==2.4.0" in first.content and "numpy==2.4.1" in second.content
    assert any(len(line) == 64 for line in first.content), "the archive's sum"
    assert first.arguments == second.arguments and key_of(first) != key_of(second)


def test_an_archive_of_other_content_is_another_environment(tmp_path: Path) -> None:
    path = wheel(tmp_path, "small", "1.0", "value = 1\n")
    first = asked_of(path.name, tmp_path)
    wheel(tmp_path, "small", "1.0", "value = 2\n")
    second = asked_of(path.name, tmp_path)
    assert isinstance(first, Requirements) and isinstance(second, Requirements)
    assert key_of(first) != key_of(second)


def versions(python: Path, name: str) -> str:
    code = f"from importlib.metadata import version; print(version('{name}'))"
    return subprocess.run([python, "-c", code], capture_output=True, text=True).stdout.strip()


@pytest.mark.usefixtures("offline")
def test_an_environment_is_made_once_and_only_what_was_named_differs(
    cache: Path, archive: Path
) -> None:
    wanted = asked_of(str(archive), cache.parent)
    assert isinstance(wanted, Requirements)
    with environment_of(wanted, quiet) as python:
        assert versions(python, "threadpoolctl") == OTHER
        assert versions(python, "numpy") == metadata.version("numpy")
        began = (python.parents[1] / "pyvenv.cfg").stat().st_mtime_ns
    with environment_of(wanted, quiet) as again:
        assert again == python
        assert (python.parents[1] / "pyvenv.cfg").stat().st_mtime_ns == began
    # What a kill leaves has no marker.
    place = python.parents[1]
    (place / MARKER).unlink()
    shutil.rmtree(place / "lib")
    with environment_of(wanted, quiet) as python:
        assert versions(python, "threadpoolctl") == OTHER


@pytest.mark.usefixtures("offline")
def test_two_processes_make_one_environment(cache: Path, archive: Path) -> None:
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from isthmus.benchmarks.gate.environments.asked import asked_of\n"
        "from isthmus.benchmarks.gate.environments.made import environment_of\n"
        "with environment_of(asked_of(sys.argv[1], Path.cwd()), lambda step: None) as python:\n"
        "    print(python)\n"
    )
    log = cache.parent / "pip.log"
    started = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(archive)],
            env={**os.environ, "PIP_LOG": str(log)},
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    said = [one.communicate()[0].strip() for one in started]
    assert [one.returncode for one in started] == [0, 0]
    assert said[0] == said[1] and Path(said[0]).exists()
    assert log.read_text().count("Successfully installed") == 1


@pytest.mark.usefixtures("offline")
def test_what_cannot_be_installed_is_one_line_and_leaves_nothing(cache: Path) -> None:
    wanted = asked_of("numpy==0.0.1", cache.parent)
    assert isinstance(wanted, Requirements)
    caught_here = pytest.raises(IsthmusError, match=r"No matching distribution found")
    with caught_here as caught, environment_of(wanted, quiet):
        pass
    assert "\n" not in str(caught.value) and "numpy==0.0.1" in str(caught.value)
    left = [one for one in (cache / made.KEPT).iterdir() if one.suffix != ".lock"]
    assert left == []


@pytest.mark.usefixtures("offline")
def test_without_a_cache_it_is_there_for_the_gate_alone(archive: Path, tmp_path: Path) -> None:
    wanted = asked_of(str(archive), tmp_path)  # conftest switches the cache off
    assert isinstance(wanted, Requirements)
    with environment_of(wanted, quiet) as python:
        assert versions(python, "threadpoolctl") == OTHER
    assert not python.exists()


@pytest.mark.usefixtures("offline")
def test_environments_that_nobody_used_for_long_make_room(cache: Path, archive: Path) -> None:
    long_ago = made.UNUSED_SECONDS + 60
    for name, age in {"old": long_ago, "new": 60.0}.items():
        (cache / made.KEPT / name).mkdir(parents=True, mode=0o700)
        marker = cache / made.KEPT / name / MARKER
        marker.write_text("{}")
        when = marker.stat().st_mtime - age
        os.utime(marker, (when, when))
    (cache / made.KEPT).chmod(0o700)
    wanted = asked_of(str(archive), cache.parent)
    assert isinstance(wanted, Requirements)
    with environment_of(wanted, quiet):
        assert not (cache / made.KEPT / "old").exists() and (cache / made.KEPT / "new").exists()


def layered(folder: Path) -> Path:
    """The python of an environment with this one's packages, but not Isthmus: it is editable."""
    venv.create(folder, with_pip=False)
    (packages,) = folder.rglob("site-packages")
    packages.joinpath("here.pth").write_text("\n".join(made._layers()))
    return folder / "bin" / "python"


def test_this_isthmus_and_its_backends_are_found_by_another_python(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "elsewhere"))
    python, empty = layered(tmp_path / "env"), tmp_path / "empty"
    empty.mkdir()
    code = placed(tmp_path / "code")
    home = home_of(python, code, empty)
    assert "elsewhere" not in home.variables["PYTHONPATH"]
    assert "elsewhere" in home_of(Path(sys.executable), code, empty).variables["PYTHONPATH"]
    program = (
        "import numpy, isthmus as im\n"
        "run = im.compile(im.np.tanh, im.spec('float32', [2]), backend='cpu')\n"
        "print(im.__file__, run(numpy.float32([0, 1]))[1])\n"
    )
    done = subprocess.run(
        [python, "-c", program],
        cwd=empty,
        env={**os.environ, **home.variables},
        capture_output=True,
        text=True,
    )
    file, number = done.stdout.split()
    assert file.startswith(str(code)) and abs(float(number) - 0.7615942) < 1e-6, done.stderr
    found = told(home, "env")
    here = told(home_of(Path(sys.executable), code, empty), "here")
    assert found == here and not differing(found, here)
    assert found.versions["numpy"] == metadata.version("numpy")


def test_an_environment_without_what_isthmus_needs_says_what(bare: Path, tmp_path: Path) -> None:
    home = home_of(bare / "bin" / "python", placed(tmp_path / "code"), tmp_path)
    with pytest.raises(UsageError, match=r"lacks .*: msgspec, numpy, openvino, .*pip install"):
        told(home, "bare")


def test_another_isthmus_in_the_way_is_told(tmp_path: Path) -> None:
    python = layered(tmp_path / "env")
    (tmp_path / "way" / "isthmus").mkdir(parents=True)
    (tmp_path / "way" / "isthmus" / "__init__.py").write_text("")
    code = placed(tmp_path / "code")
    home = Home(python, tmp_path / "way", {"PYTHONPATH": str(code)})  # its folder comes first
    with pytest.raises(IsthmusError, match="not this one"):
        told(home, "env")


def other_pythons() -> list[str]:
    """Of other versions than this, that run: by their usual names, and beside the one that runs."""
    beside = Path(sys.base_prefix).parent.glob("*/bin/python")
    named = [shutil.which(f"python3.{minor}") for minor in range(8, 15)]
    tell = "import sys; print(sys.executable); print('%d.%d' % sys.version_info[:2])"
    found = dict[str, str]()
    for program in filter(None, [*named, *map(str, sorted(beside))]):
        with suppress(OSError, subprocess.SubprocessError):
            done = subprocess.run([program, "-c", tell], capture_output=True, text=True, check=True)
            executable, version = done.stdout.split("\n")[:2]
            found.setdefault(version, executable)
    found.pop(f"{sys.version_info[0]}.{sys.version_info[1]}", None)
    return list(found.values())


@pytest.mark.skipif(not other_pythons(), reason="there is no other Python here")
def test_another_python_is_refused_with_both_versions(tmp_path: Path) -> None:
    code = placed(tmp_path / "code")
    for python in other_pythons():
        with pytest.raises(
            UsageError, match=r"its Python is CPython \d\.\d+\.\d+.*3\.1\d"
        ) as caught:
            told(home_of(Path(python), code, tmp_path), "other")
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        (["nowhere"], "no such folder or file"),
        (["folder"], "no virtual environment"),
        (["/bin/true"], "does not answer as a Python"),
        (["bare"], "lacks what Isthmus needs"),
        (["numpy==0.0.1"], "No matching distribution found"),
        (["bare", "bert-bas-128"], "bert-base-128"),
        (["bare", "absent.onnx"], "absent.onnx: not in this environment"),
    ],
)
@pytest.mark.usefixtures("offline", "bare")
def test_mistakes_are_one_line_and_exit_code_2(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    typed: list[str],
    words: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    for spelling in (["environment"], ["--against-environment"]):
        assert main(["gate", *spelling, *typed]) == 2
        (last, *_) = [line for line in capsys.readouterr().err.splitlines() if words in line]
        assert last.startswith("isthmus gate")


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        (["--against", "HEAD"], "exclude each other"),
        (["--self-test"], "exclude each other"),
        (["--pytest", "tests"], "measures workloads and models"),
        (["--install", "."], "measures workloads and models"),
    ],
)
def test_options_of_other_ways_are_refused(
    capsys: pytest.CaptureFixture[str], typed: list[str], words: str
) -> None:
    assert main(["gate", "--against-environment", "openvino==1", *typed]) == 2
    assert words in capsys.readouterr().err


def test_what_is_older_than_admitted_is_told_and_runtimes_are_named_first() -> None:
    here = {name: metadata.version(name) for name in ("numpy", "msgspec", "openvino")}
    assert not list(older(Told("CPython 3.11.7", here | {"numpy": "2.100.0"})))
    (line,) = older(Told("CPython 3.11.7", here | {"openvino": "2026.3.0-21"}))
    assert line.startswith("openvino 2026.3.0-21 is older than 2026.4")
    base = Told("CPython 3.11.7", {"msgspec": "1", "numpy": "2"})
    head = Told("CPython 3.11.7", {"msgspec": "2", "numpy": "3", "onnxruntime": "1"})
    assert differing(base, head) == ("onnxruntime", "numpy", "msgspec")


RIGHT, FAR = Parity(1e-6, 1.0, 1.0, 8), Parity(2e-2, 0.95, 0.75, 8)
NAN = Parity(float("inf"), None, None, 8)
NO_NUMBER = Parity(float("nan"), None, None, 8)


@pytest.mark.parametrize(
    ("precision", "base", "head", "kind"),
    [
        ("f32", RIGHT, RIGHT, "equivalent"),
        ("f32", RIGHT, FAR, "regressed"),
        ("f32", FAR, RIGHT, "improved"),
        ("f32", FAR, FAR, "equivalent"),
        ("f32", RIGHT, NAN, "regressed"),
        ("f32", RIGHT, NO_NUMBER, "regressed"),
        ("int8", RIGHT, NAN, "regressed"),
        ("bf16", RIGHT, Parity(2e-2, 0.999, 1.0), "equivalent"),
        ("bf16", RIGHT, Parity(2e-2, 0.999, 0.875), "regressed"),
        ("int8", Parity(2e-2, 0.98), Parity(3e-2, 0.97), "equivalent"),
    ],
)
def test_outputs_are_judged_by_the_budget_of_their_precision(
    precision: str, base: Parity, head: Parity, kind: str
) -> None:
    between = Parity(3e-3, 0.9, 0.875, 8)
    verdict = judged_agreement(Agreement("net[cpu]", precision, base, head, between))
    assert verdict.kind == kind and verdict.head == 3e-3
    assert "differ by 3.0e-03 at most, top-1 is the same in 87.5 %" in verdict.reason
    if kind in ("regressed", "improved"):
        assert f"{'head' if kind == 'regressed' else 'base'} outside its budget" in verdict.reason


def outcome(environment: str, folder: Path, **asked: Any) -> Any:
    (folder / "mymodule.py").write_text(NET)
    request = EnvironmentRequest(
        environment, ["mymodule:net"], ["x=64,64"], threads=1, seconds=0.3, folder=folder, **asked
    )
    rules = Settings(margin=0.3, metrics=("latency_p50_ms", "parity"))
    effort = Effort(budget_seconds=600, first_rounds=3, most_rounds=6)
    return in_a_quiet_moment(lambda: gate(request, rules, effort, quiet))


@pytest.mark.usefixtures("offline")
def test_equals_of_two_environments_are_measured_and_stated(cache: Path, archive: Path) -> None:
    folder = cache.parent
    found = outcome(str(archive), folder)
    kinds = {verdict.metric: verdict.kind for verdict in found.verdicts}
    assert kinds["parity"] == kinds["agreement"] == "equivalent"
    assert kinds["latency_p50_ms"] in ("equivalent", "inconclusive")
    assert found.base.label.startswith(f"threadpoolctl {OTHER}")
    assert found.base.versions["threadpoolctl"] == OTHER
    assert found.head.versions["threadpoolctl"] == metadata.version("threadpoolctl")
    assert found.base.versions["openvino"] == found.head.versions["openvino"]
    written = json.loads(to_json.text_of(found))
    assert to_json.outcome_of(written).base == found.base
    assert OTHER in to_text.about(found)["base's environment"]
    assert not list(folder.glob("isthmus-*"))


def test_a_runtime_is_downloaded_and_compared(cache: Path) -> None:
    """Of an index: OpenVINO as it was before."""
    found = outcome("openvino==2026.3.0", cache.parent)
    assert found.base.versions["openvino"].startswith("2026.3.0")
    assert any("is older than" in line for line in found.warnings)
    (same,) = (verdict for verdict in found.verdicts if verdict.metric == "agreement")
    assert same.benchmark.endswith("[cpu]") and same.kind == "equivalent"
