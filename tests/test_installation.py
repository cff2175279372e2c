"""The light installation: what `pip install isthmus` runs, and what each extra's absence says."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
import venv
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy
import pytest
import result_files
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from places import ROOT

import isthmus
from isthmus.cli import show
from isthmus.errors import BackendMissing, MissingExtra
from isthmus.system.extras import ALIASES, EXTRAS, explained, is_here, module_of, require

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
DECLARED: dict[str, list[str]] = PROJECT["optional-dependencies"]
RUNTIMES = {"onnxruntime", "onnxruntime-gpu"}
BRINGS_A_RUNTIME = {"onnx-cpu": "onnxruntime", "all": "onnxruntime", "gpu": "onnxruntime-gpu"}


# --- the table and pyproject.toml --------------------------------------------------------------


def declared(extra: str) -> set[str]:
    """The packages that an extra of pyproject.toml brings, those of the extras in it too."""
    found: set[str] = set()
    for requirement in map(Requirement, DECLARED[extra]):
        if requirement.name == "isthmus":
            found.update(*map(declared, requirement.extras))
        else:
            found.add(requirement.name)
    return found


def test_the_table_is_that_of_pyproject() -> None:
    assert EXTRAS.keys() | ALIASES.keys() == DECLARED.keys()
    assert {extra: set(packages) for extra, packages in EXTRAS.items()} == {
        extra: declared(extra) for extra in EXTRAS
    }


def test_the_floors_are_those_of_pyproject() -> None:
    """`make test-floors` tries the oldest versions that are admitted of what the core needs."""
    text = (ROOT / "floors.txt").read_text()
    pins = {one.name: one.specifier for one in map(Requirement, _lines(text))}
    needed = [*PROJECT["dependencies"], *DECLARED["onnx-cpu"]]
    floors = {one.name: one.specifier for one in map(Requirement, needed)}
    assert {name: str(pin).removeprefix("==") for name, pin in pins.items()} == {
        name: _in_full(str(floor).removeprefix(">=")) for name, floor in floors.items()
    }
    (cuda,) = (one for one in map(Requirement, DECLARED["gpu"]) if one.name in RUNTIMES)
    assert cuda.specifier == floors["onnxruntime"]


def _lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if not line.startswith("#")]


def _in_full(version: str) -> str:
    """`1.30` as the release 1.30.0."""
    return ".".join([*version.split("."), "0"][:3])


def test_earlier_names_of_extras_bring_what_their_new_names_bring() -> None:
    for old, new in ALIASES.items():
        assert DECLARED[old] == [f"isthmus[{new}]"]


def test_no_extra_brings_two_runtimes_that_overwrite_each_other() -> None:
    found = {extra: RUNTIMES & set(packages) for extra, packages in EXTRAS.items()}
    assert found == {
        extra: {BRINGS_A_RUNTIME[extra]} if extra in BRINGS_A_RUNTIME else set() for extra in EXTRAS
    }


ENGINES = {"dask", "distributed", "pyspark", "ray"}  # which run Isthmus, on machines of their own


def test_all_brings_every_extra_but_engines_and_the_other_runtime() -> None:
    every = {package for packages in EXTRAS.values() for package in packages}
    assert set(EXTRAS["all"]) == every - {"onnxruntime-gpu"} - ENGINES


def test_packages_are_imported_by_the_names_in_the_table() -> None:
    here = [package for package in EXTRAS["all"] if installed(package)]
    assert {"pandas", "pillow", "pytest-benchmark"} <= set(here)
    assert all(map(is_here, here))
    for package in here:
        files = metadata.files(package) or []
        assert any(file.parts[0] == module_of(package) for file in files), package


def installed(package: str) -> bool:
    return bool(list(metadata.distributions(name=package)))


# --- the error ---------------------------------------------------------------------------------


def test_one_error_names_the_packages_and_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("pandas", "matplotlib", "PIL"):
        monkeypatch.setitem(sys.modules, name, None)  # Python's own way to say: absent
    with pytest.raises(MissingExtra) as two:
        require("report", "pandas", "jinja2", "matplotlib")
    assert str(two.value) == (
        "needs pandas and matplotlib, which are not installed; pip install 'isthmus[report]'"
    )
    assert isinstance(two.value, BackendMissing) and two.value.exit_code == 5
    with pytest.raises(MissingExtra) as one:
        require("models", "pillow", user="reading images")
    assert str(one.value) == (
        "reading images needs pillow, which is not installed; pip install 'isthmus[models]'"
    )
    require("report", "jinja2")  # which is here


def test_a_module_that_is_not_found_is_explained_by_the_table() -> None:
    explanation = explained(ModuleNotFoundError("No module", name="PIL.Image"))
    assert isinstance(explanation, MissingExtra) and "'isthmus[models]'" in str(explanation)
    for other in (ModuleNotFoundError("No module", name="isthmos"), ImportError("cannot"), Other()):
        assert explained(other) is other


class Other(Exception):
    name = "pandas"


def test_without_rich_tables_are_plain_on_a_terminal_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "rich", None)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    show.show_table("title", ("a", "b"), [("1", "22")], right=1)
    with show.spinner("working"), show.steps():
        pass
    said = capsys.readouterr()
    assert (said.out, said.err) == ("title\na   b\n1  22\n\n", "")


# --- an environment that has the light installation and nothing else ---------------------------


def closure(requirements: Iterable[str]) -> dict[str, metadata.Distribution]:
    """The distributions that pip would install for them, as they are installed here."""
    found: dict[str, metadata.Distribution] = {}
    left = list(requirements)
    while left:
        requirement = Requirement(left.pop())
        name = canonicalize_name(requirement.name)
        applies = requirement.marker is None or requirement.marker.evaluate({"extra": ""})
        if applies and name not in found:
            found[name] = metadata.distribution(name)
            left += found[name].requires or []
    return found


LIGHT = closure(PROJECT["dependencies"])


@pytest.fixture(scope="module")
def light(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment with links to those distributions, and to Isthmus."""
    folder = tmp_path_factory.mktemp("light")
    venv.create(folder, symlinks=os.name != "nt", with_pip=False)
    (place,) = folder.glob("lib/python3*/site-packages")
    for distribution in LIGHT.values():
        for top in {file.parts[0] for file in distribution.files or []} - {"..", "__pycache__"}:
            (place / top).symlink_to(str(distribution.locate_file(top)))
    (place / "isthmus").symlink_to(ROOT / "isthmus")
    about = place / f"isthmus-{isthmus.__version__}.dist-info"
    about.mkdir()
    head = f"Metadata-Version: 2.1\nName: isthmus\nVersion: {isthmus.__version__}\n"
    (about / "METADATA").write_text(head)
    rows = PROJECT["entry-points"]["isthmus.backends"].items()
    text = "\n".join(f"{name} = {target}" for name, target in rows)
    (about / "entry_points.txt").write_text(f"[isthmus.backends]\n{text}\n")
    return folder / "bin" / "python"


def process(light: Path, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    variables = {name: text for name, text in os.environ.items() if not name.startswith("PYTHON")}
    return subprocess.run(
        [str(light), *words], cwd=folder, env=variables, capture_output=True, text=True
    )


def said(light: Path, folder: Path, *words: str) -> str:
    """What a command line prints; it must end well and say nothing else."""
    done = process(light, folder, "-m", "isthmus", *words)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


SAVE = """
import numpy
import isthmus as im
from isthmus import nn, np

net = nn.Dense(2, 4)
net.initialize(seed=0)
x = numpy.arange(8, dtype=numpy.float32).reshape(2, 4)
expected = numpy.tanh(net(x))
for backend in ("numpy", "cpu"):
    exe = im.compile(lambda x: np.tanh(net(x)), im.spec("float32", ["batch", 4]), backend=backend)
    assert numpy.allclose(exe(x), expected, atol=1e-6)
exe.save("net.im")
numpy.save("x.npy", x)
numpy.save("expected.npy", expected)
"""


@pytest.fixture(scope="module")
def folder(light: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With a program that the light installation compiled, called and saved; and result files."""
    place = tmp_path_factory.mktemp("work")
    done = process(light, place, "-c", SAVE)
    assert (done.returncode, done.stderr) == (0, "")
    for name in ("base.json", "head.json"):
        result_files.write(place / name, result_files.document())
    return place


def test_the_light_installation_has_no_package_of_an_extra_but_rich() -> None:
    extras = {canonicalize_name(name) for packages in EXTRAS.values() for name in packages}
    assert LIGHT.keys() & extras <= {"rich"}  # which typer brings


def test_a_saved_program_runs(light: Path, folder: Path) -> None:
    words = ("run", "net.im", "--input", "x=x.npy", "--output", "out.npz", "--json")
    document = json.loads(said(light, folder, *words))
    (output,) = document["outputs"]
    assert (output["dtype"], output["shape"]) == ("float32", [2, 2])
    with numpy.load(folder / "out.npz") as arrays:
        found = arrays[output["name"]]
    numpy.testing.assert_allclose(found, numpy.load(folder / "expected.npy"), atol=1e-6)


def test_a_saved_program_runs_on_random_input(light: Path, folder: Path) -> None:
    text = said(light, folder, "run", "net.im", "--input", "random", "--size", "batch=3")
    assert "float32" in text and "[3, 2]" in text


def test_doctor_works_and_tells_which_extras_are_here(light: Path, folder: Path) -> None:
    document = json.loads(said(light, folder, "doctor", "--json"))
    gone = {row["extra"]: row["missing"] for row in document["extras"]}
    assert gone == {
        extra: [package for package in packages if package != "rich"]
        for extra, packages in EXTRAS.items()
    }
    status = {(row["backend"], row["device"]): row["status"] for row in document["backends"]}
    here = {("cpu", None): "works", ("numpy", None): "works"}
    assert status == here | {("gpu", "cpu"): "missing", ("gpu", "cuda"): "missing"}
    assert document["problems"] == [] or all(
        "GPU" in row["problem"] for row in document["problems"]
    )


def test_the_catalogue_is_listed_and_a_model_exported_as_ir(light: Path, folder: Path) -> None:
    rows = json.loads(said(light, folder, "models", "--json"))
    assert [row["model"] for row in rows] == isthmus.models.list()
    small = ("--weights", "random", "--height", "32", "--width", "32")
    said(light, folder, "export", "mobilenet-v1", "net.xml", *small)
    assert (folder / "net.xml").is_file() and (folder / "net.bin").is_file()


def test_two_files_are_gated(light: Path, folder: Path) -> None:
    """With every output but the page."""
    files = ("--output", "gate.json", "--junit", "gate.xml", "--sarif", "gate.sarif")
    text = said(light, folder, "gate", "base.json", "head.json", *files, "--markdown", "gate.md")
    assert "passed" in text and (folder / "gate.sarif").is_file()


# A command line, the extra that it names, and the packages.
REFUSED = (
    ("run minilm-l6 --text a", "models", ["tokenizers"]),
    ("run mobilenet-v1 --weights random --image a.jpg", "models", ["pillow"]),
    ("run net.im --input x=x.npy --backend gpu", "gpu", ["onnx"]),
    ("run net.im --input x=x.npy --backend gpu --device cpu", "onnx-cpu", ["onnx"]),
    ("run resnet-18 --image a.jpg --weights hf://a/b", "models", ["pillow"]),
    ("export resnet-18 a.onnx --weights random", "onnx-cpu", ["onnx"]),
    ("export resnet-18 a.xml --weights hf://a/b", "models", ["huggingface_hub"]),
    ("report base.json", "report", ["jinja2", "matplotlib", "pandas"]),
    (
        "bench",
        "bench",
        ["matplotlib", "onnx", "pandas", "pillow", "pytest-benchmark", "tokenizers"],
    ),
    ("bench model.onnx --no-report", "bench", ["onnx"]),
    ("gate base.json head.json --html a.html", "report", ["jinja2"]),
    ("gate --against HEAD --shared --html a.html", "report", ["jinja2"]),
)


@pytest.mark.parametrize(("command", "extra", "packages"), REFUSED, ids=[row[0] for row in REFUSED])
def test_a_verb_whose_extra_is_missing_says_which(
    command: str, extra: str, packages: list[str], light: Path, folder: Path
) -> None:
    done = process(light, folder, "-m", "isthmus", *command.split())
    assert (done.returncode, done.stdout) == (5, "")
    assert done.stderr.startswith(f"isthmus {command.split()[0]}: ")
    assert done.stderr.endswith(f"not installed; pip install 'isthmus[{extra}]'\n")
    assert done.stderr.count("\n") == 1
    assert all(package in done.stderr for package in packages)


# The same in Python; what is caught is printed.
CALLS = (
    ("im.models.inputs.text.Tokenizer('vocab.txt')", "models", "tokenizers"),
    ("im.models.create('resnet-18').preprocess(['a.jpg'])", "models", "pillow"),
    ("im.export(np.tanh, im.spec('float32', [2]), 'a.onnx')", "onnx-cpu", "onnx"),
    ("im.compile(np.tanh, im.spec('float32', [2]), backend='gpu')", "gpu", "onnx"),
    ("im.reports.write_report(['base.json'], 'report')", "report", ""),
    ("im.reports.tables.speedup_frame.frame([])", "report", "pandas"),
    ("im.benchmarks.harness.bench.run_bench(None, None)", "bench", "pytest-benchmark"),
    ("im.benchmarks.work.foreign.workload_of('a.onnx')", "onnx-cpu", "onnx"),
    ("im.reports.stats.changes.changes([1.0] * 10)", "history", "ruptures"),
)
SUBMODULES = (
    *("models.inputs.text", "benchmarks.harness.bench", "benchmarks.work.foreign"),
    *("reports.stats.changes", "reports.tables.speedup_frame"),
)


@pytest.mark.parametrize(("call", "extra", "package"), CALLS, ids=[row[0] for row in CALLS])
def test_a_call_whose_extra_is_missing_says_which(
    call: str, extra: str, package: str, light: Path, folder: Path
) -> None:
    imports = "".join(f"import isthmus.{name}\n" for name in SUBMODULES)
    program = f"""
import isthmus as im
from isthmus import np
{imports}
try:
    {call}
except im.IsthmusError as problem:
    print(type(problem).__name__, problem)
"""
    done = process(light, folder, "-c", program)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("MissingExtra ") and package in done.stdout
    assert done.stdout.endswith(f"not installed; pip install 'isthmus[{extra}]'\n")


def test_a_verb_imports_no_other(light: Path, folder: Path) -> None:
    program = (
        "import sys; from isthmus.cli import main; main(['models', '--json']);"
        "print(*(name for name in sys.modules if name.startswith('isthmus.cli.')), file=sys.stderr)"
    )
    done = process(light, folder, "-c", program)
    loaded: Any = set(done.stderr.split())
    assert loaded == {f"isthmus.cli.{name}" for name in ("models", "options", "show")}
