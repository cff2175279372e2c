"""The layout: packages as declared. Who may know whom is a contract of `make lint`."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import grimp
from places import ROOT

SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
LINKED = ("benchmarks", "cpu_backend", "gpu_backend", "models", "reports")


def imports(path: Path) -> Iterator[str]:
    """Every module a file imports, wherever in the file; relative ones are in its own folder."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_packages_on_disk_are_those_declared() -> None:
    found = {
        ".".join(("isthmus", *path.parent.relative_to(folder.parent).parts))
        for folder in (ROOT / name for name in LINKED)
        for path in folder.rglob("__init__.py")
    } | {
        ".".join(path.parent.relative_to(ROOT).parts)
        for path in (ROOT / "isthmus").rglob("__init__.py")
    }
    assert found == set(SETTINGS["packages"])


def test_root_folders_are_linked_and_mapped() -> None:
    mapped = {
        name: name.removeprefix("isthmus.").replace(".", "/")
        for name in SETTINGS["packages"]
        if name.split(".")[1:2] and name.split(".")[1] in LINKED
    }
    assert SETTINGS["package-dir"] == {"isthmus": "isthmus", **mapped}
    for name in LINKED:
        link = ROOT / "isthmus" / name
        assert link.is_symlink() and link.readlink() == Path("..") / name


def test_a_measured_process_needs_nothing_but_numpy_to_start() -> None:
    """A peer's environment has neither Isthmus nor what Isthmus needs."""
    for path in (ROOT / "benchmarks/portable").glob("timing/*.py"):
        known = {name.split(".")[0] for name in imports(path)}
        assert known - set(sys.stdlib_module_names) <= {"numpy"}, path


def test_no_circle_among_all_modules() -> None:
    """Late imports, inside a function, and imports for types alone count."""
    graph = grimp.build_graph("isthmus", cache_dir=None)
    imported = {name: graph.find_modules_directly_imported_by(name) for name in graph.modules}
    circle: tuple[str, ...] = ()
    try:
        TopologicalSorter(imported).prepare()
    except CycleError as found:
        circle = tuple(found.args[1])
    assert circle == ()


def loaded_by(statement: str) -> set[str]:
    """The modules a fresh Python has loaded after a statement."""
    code = f"{statement}\nimport sys\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_importing_isthmus_is_light() -> None:
    loaded = loaded_by("import isthmus")
    heavy = {
        "openvino", "onnx", "onnxruntime", "pandas", "torch", "PIL", "safetensors", "tokenizers",
        "jinja2", "rich", "typer", "scipy", "matplotlib", "pytest",
    }  # fmt: skip
    assert not loaded & heavy
    ours = {name.split(".")[1] for name in loaded if name.startswith("isthmus.")}
    assert not ours & {*LINKED, "cli"}


def test_numpys_own_import_is_most_of_it() -> None:
    extra = loaded_by("import isthmus") - loaded_by("import numpy, importlib.metadata, inspect")
    assert len([name for name in extra if not name.startswith("isthmus")]) < 40


def test_computing_with_numpy_loads_no_runtime() -> None:
    program = (
        "import numpy, isthmus as im\n"
        "run = im.compile(im.np.tanh, im.spec('float32', ['n']), backend='numpy')\n"
        "run(numpy.ones(2, 'float32'))"
    )
    assert not loaded_by(program) & {"openvino", "onnx", "onnxruntime"}
