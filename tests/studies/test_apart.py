"""The study of files measured one after the other: its plan, its pairs, and what it counts."""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from pytest_files import entry, saved, session, times

from isthmus.errors import UsageError
from isthmus.reports import read
from studies import apart


def asked(folder: Path, **changes: Any) -> argparse.Namespace:
    usual = {"folder": folder, "runs": 8, "pairs": 20, "doubled_pairs": 10}
    return argparse.Namespace(**usual, **{"seconds": 0.01, "pause": 0.0, "result": None} | changes)


def measured(folder: Path, slower: float = 2.0) -> argparse.Namespace:
    """Runs that are there: six of equals, two of tests that are slower."""
    found = asked(folder)
    for seed, path in enumerate(apart.planned(folder, found.runs)):
        by = slower if apart.kind_of(path) == "doubled" else 1.0
        saved(
            path,
            session(*(entry(f"test_{at}", times(9 * seed + at, 0.001 * by)) for at in range(6))),
        )
    return found


def test_every_fourth_run_is_of_the_doubled() -> None:
    kinds = [apart.kind_of(path) for path in apart.planned(Path("runs"), 12)]
    assert Counter(kinds) == {"equals": 9, "doubled": 3} and kinds[3] == "doubled"


def test_pairs_are_of_different_runs_and_the_same_each_time(tmp_path: Path) -> None:
    once, again = (apart.document(measured(tmp_path))["pairs"] for _ in range(2))
    assert once == again and len(once) == 30
    for pair in once:
        assert pair["base"] != pair["head"] and pair["base"].endswith("equals")
        assert pair["head"].endswith(pair["kind"])
    assert len({(pair["base"], pair["head"]) for pair in once}) == 30


def test_alarms_are_counted_by_what_a_pair_is(tmp_path: Path) -> None:
    gate, plain, wide = apart.document(measured(tmp_path))["summary"]
    assert (gate["rule"], plain["rule"], wide["rule"]) == (
        *("isthmus gate", "25% on medians", "60% on medians"),
    )
    for row in (gate, plain, wide):
        assert (row["false_alarms"], row["equals"], row["found"], row["doubled"]) == (0, 20, 10, 10)
    assert gate["improved"] == 0
    gate, plain, wide = apart.document(measured(tmp_path, slower=1.4))["summary"]
    assert (gate["found"], plain["found"], wide["found"]) == (0, 10, 0)


def test_the_suite_runs_and_a_second_call_measures_nothing_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured(tmp_path)
    lacking = apart.planned(tmp_path, 8)[3]
    lacking.unlink()
    apart.measure(asked(tmp_path))
    file = read(lacking)
    assert len(file.results) == 6 and not file.damaged
    monkeypatch.setattr(apart, "run", lambda *words: pytest.fail("measured again"))
    apart.measure(asked(tmp_path))


def test_too_few_runs_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="give 8 or more"):
        apart.main([str(tmp_path), "--runs", "7"])
