"""The rooms of `reports`: who may know whom, and what is loaded before it is needed."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from places import RESULTS, ROOT

HOME = ROOT / "reports"
# From high to low: a room may import the rooms after it, and its own files.
ROOMS = (
    *(
        "outputs",
        "plots",
        "content",
        "tables",
        "money",
        "display",
        "files/history",
        "files",
        "stats",
    ),
)
PATHS = sorted(path for path in HOME.rglob("*.py") if path != HOME / "__init__.py")


def place(path: Path) -> int:
    """Of the room that the file, or the folder, is in."""
    inside = path.relative_to(HOME).with_suffix("").as_posix()
    return next(at for at, room in enumerate(ROOMS) if f"{inside}/".startswith(f"{room}/"))


def imported(path: Path) -> Iterator[Path]:
    """Files of `reports` that a file imports anywhere in it, for types alone, too."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (found(*alias.name.split(".")) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parts = (node.module or "").split(".") if node.module else []
            if node.level:
                folder = path.parents[node.level - 1].relative_to(HOME).parts
                parts = ["isthmus", "reports", *folder, *parts]
            yield from (found(*parts, alias.name) for alias in node.names)


def found(*parts: str) -> Path:
    """The module of that name, or the one that the name is in; outside `reports` its root."""
    if parts[:2] != ("isthmus", "reports"):
        return ROOT
    path = HOME.joinpath(*parts[2:])
    return path if path.is_dir() or path.with_suffix(".py").is_file() else path.parent


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.relative_to(HOME).as_posix())
def test_imports_run_down(path: Path) -> None:
    known = [other for other in imported(path) if other != ROOT]
    assert HOME not in known, "the package's own names are for others"
    assert all(place(other) >= place(path) for other in known), known


def test_reading_and_gating_need_neither_tables_nor_plots() -> None:
    file = RESULTS / "quick-2026-11-22.json"
    code = f"""
import sys
for name in ("pandas", "matplotlib", "jinja2"):
    sys.modules[name] = None  # so that importing it fails
from isthmus.benchmarks.gate import compare_files
from isthmus.reports import read
assert read({str(file)!r}).results
print(compare_files({str(file)!r}, {str(file)!r}).exit_code)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "0\n"
