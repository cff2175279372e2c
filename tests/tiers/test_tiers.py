"""The page of tiers names tests that are there, and leaves quick ones everywhere."""

from __future__ import annotations

import ast
import subprocess
import sys
from functools import cache

import pytest
from places import ROOT, TESTS
from tiers import QUICK_FORMS, is_exhaustive, named


@pytest.mark.parametrize(
    ("test", "exhaustive"),
    [
        ("consumers/test_consumers.py::test_anything[cpu-PCA]", True),
        ("np/test_elementwise.py::test_accuracy_over_all_of_float32[cpu-np.abs]", True),
        ("np/test_elementwise.py::test_second_names[abs]", False),
        ("trace/test_operators.py::test_backend_equals_body[cpu-np.abs-fused]", False),
        ("trace/test_operators.py::test_backend_equals_body[cpu-np.abs-expanded]", True),
        ("trace/test_properties.py::test_eager[np.add-gpu]", False),
        ("trace/test_properties.py::test_eager[np.add_of_all-gpu]", True),
        ("np/test_new.py::test_that_no_line_names", False),
    ],
)
def test_a_test_is_quick_unless_the_page_names_it(test: str, exhaustive: bool) -> None:
    assert is_exhaustive(test) is exhaustive


@cache
def functions(path: str) -> set[str]:
    """The names of a file's functions."""
    tree = ast.parse((TESTS / path).read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize(("path", "name"), sorted(named()))
def test_every_line_names_a_test(path: str, name: str) -> None:
    assert (TESTS / path).is_file() and (not name or name in functions(path))


def test_this_test_has_the_tier_of_the_page(request: pytest.FixtureRequest) -> None:
    assert request.node.get_closest_marker("exhaustive") is None


def test_every_quick_form_is_collected(request: pytest.FixtureRequest) -> None:
    assert request.node.get_closest_marker("exhaustive") is not None
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-m", "not exhaustive"]
    done = subprocess.run([*command, "tests"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-500:] + done.stderr
    quick = {line.partition("[")[0] for line in done.stdout.splitlines()}
    forms = {f"tests/{path}::{name}" for path, names in QUICK_FORMS.items() for name in names}
    assert forms <= quick
    folders = {path.parent for path in TESTS.rglob("test_*.py")} - {TESTS / "parity"}
    assert folders <= {(ROOT / test.partition(":")[0]).parent for test in quick}
