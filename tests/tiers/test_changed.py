"""What CI runs for a change: decided by its paths, and by how old the last full run is."""

from __future__ import annotations

from pathlib import Path

import changed
import pytest
import tiers
from changed import CONCERNS, CORE, MOST_COMMITS, Change, folders_of, outermost, steps
from places import ROOT, TESTS


def of(*paths: str, commits: int = 1, last: tuple[str, ...] | None = None) -> list[str]:
    return steps(Change(paths, commits, paths if last is None else last))


def test_documentation_needs_nothing_more() -> None:
    assert of("README.md", "docs/gate.md", "CHANGELOG.md", "tests/full-run.txt") == []


def test_a_change_of_the_core_is_tested_compared_and_gated() -> None:
    tests, *others = of("isthmus/np/sorting.py", "docs/numerics.md")
    assert tests.split() == ["exhaustive", *(f"tests/{folder}" for folder in sorted(CORE))]
    assert others == ["parity", "gate"]


def test_the_gate_judges_the_last_commit_alone() -> None:
    assert "gate" not in of("isthmus/np/sorting.py", last=("README.md",))
    assert of("README.md", last=("models/bert.py",)) == ["gate"]


def test_other_floors_are_tried() -> None:
    assert of("floors.txt") == ["floors"]
    assert "floors" in of("pyproject.toml") and "floors" not in of("isthmus/np/sorting.py")


def test_what_is_nearest_to_a_path_decides() -> None:
    assert of("isthmus/cli/run.py", last=()) == ["exhaustive tests/cli", "parity"]
    assert of("reports/results/full-2026-01-01.json") == []
    assert of("reports/page.py") == ["browser", "exhaustive tests/reports"]
    assert of("tests/np/test_order.py") == ["exhaustive tests/np"]
    assert of("tests/test_readme.py", "README.md") == ["exhaustive tests/test_readme.py"]
    assert of("tests/golden/resnet-18-v1.npz") == ["exhaustive tests/models", "parity"]


@pytest.mark.parametrize("paths", [["a_new_folder/x.py"], ["docs/gate.md", "tests/new.py"]])
def test_who_knows_nothing_of_a_path_runs_everything(paths: list[str]) -> None:
    assert of(*paths, last=()) == ["browser", "exhaustive tests/", "parity"]


def test_everything_runs_where_the_last_full_run_is_old_or_unknown() -> None:
    assert of("README.md", commits=MOST_COMMITS) == []
    assert of("README.md", commits=MOST_COMMITS + 1) == ["browser", "exhaustive tests/", "parity"]
    assert steps(Change(None, 0, ())) == ["browser", "exhaustive tests/", "parity"]


def test_a_folder_that_the_change_removed_is_not_asked_for() -> None:
    assert of("tests/no_such_folder/test_x.py") == []


def test_folders_inside_others_are_run_once() -> None:
    assert outermost(["benchmarks/gate", "benchmarks", "cli"]) == ["benchmarks", "cli"]


def test_every_folder_of_the_repository_has_a_line() -> None:
    hidden = {".ci"}
    for path in ROOT.iterdir():
        if (path / "__init__.py").exists() or path.name in hidden:
            assert folders_of(f"{path.name}/x.py") == CONCERNS[f"{path.name}/"]


@pytest.mark.parametrize("path", CONCERNS)
def test_every_line_names_what_is_there(path: str) -> None:
    assert (ROOT / path).exists() or path in {"CONTRIBUTING.md", "tests/full-run.txt"}
    assert all((TESTS / folder).is_dir() for folder in CONCERNS[path])


def test_a_browser_is_asked_for_where_the_tiers_have_one() -> None:
    assert {str(Path(path).parent) for path in tiers.BROWSER} == set(changed.BROWSER)
