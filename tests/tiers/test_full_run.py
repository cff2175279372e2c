"""What is noted of a full run."""

from __future__ import annotations

from pathlib import Path

import pytest
from full_run import RECORD, facts_of, last_full_run, read

JUNIT = (
    "<testsuites><testsuite tests='{0}' skipped='2' failures='{1}' errors='{2}' time='61.4'/>"
    "</testsuites>"
)


def test_counts_are_pytests_own(tmp_path: Path) -> None:
    junit = tmp_path / "junit.xml"
    junit.write_text(JUNIT.format(13142, 0, 0))
    found = facts_of(junit, "abc")
    assert found["commit"] == "abc" and found["tests"] == "13142, of which 2 were skipped"
    assert found["seconds"].startswith("61 on ")


@pytest.mark.parametrize(("failures", "errors"), [(1, 0), (0, 1)])
def test_a_run_that_failed_is_not_noted(tmp_path: Path, failures: int, errors: int) -> None:
    junit = tmp_path / "junit.xml"
    junit.write_text(JUNIT.format(3, failures, errors))
    with pytest.raises(SystemExit, match=f"{failures} failures, {errors} errors"):
        facts_of(junit, "abc")


def test_the_commit_is_read_back(tmp_path: Path) -> None:
    record = tmp_path / "full-run.txt"
    assert last_full_run(record) is None
    record.write_text("commit 0123\ndate 2026-01-02\n")
    assert last_full_run(record) == "0123"


@pytest.mark.skipif(not RECORD.exists(), reason="no full run is noted yet: make test-all")
def test_the_record_of_this_repository_has_every_line() -> None:
    assert read(RECORD).keys() == {"commit", "date", "tests", "seconds"}
