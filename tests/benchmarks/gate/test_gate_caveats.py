"""What is said of two result files and changes no verdict."""

from __future__ import annotations

from pathlib import Path

import pytest
from gate_files import document, judge, kinds, measured, warned


def test_conditions_and_versions_that_differ_are_said(tmp_path: Path) -> None:
    base, head = document(measured(1)), document(measured(2))
    for side, kernel, numpys in ((base, "6.1", "2.4"), (head, "6.8", "2.5")):
        side["machine_info"]["isthmus"] |= {
            "conditions": {"kernel": kernel},
            "versions": {"numpy": numpys},
        }
    outcome = judge(tmp_path, base, head)
    assert warned(outcome, "BASE | HEAD: kernel: 6.1 | 6.8")
    assert warned(outcome, "BASE | HEAD: numpy: 2.4 | 2.5")


def test_a_thousand_versions_are_counted(tmp_path: Path) -> None:
    base, head = document(measured(1)), document(measured(2))
    for side, version in ((base, "1"), (head, "2")):
        versions = {f"package-{at}": version for at in range(1000)}
        side["machine_info"]["isthmus"]["versions"] = versions
    outcome = judge(tmp_path, base, head)
    assert len(outcome.warnings) < 30 and warned(outcome, "980 more conditions and versions")


@pytest.mark.parametrize(
    ("before", "after", "odd"),
    [
        ("2026-11-20T10:00:00.000000", "2026-11-20T11:00:00.000000", False),
        ("2026-11-20T10:00:00", "2026-11-20T10:00:00+00:00", False),
        ("2026-11-20T10:00:00", "2026-11-19T10:00:00", True),
        ("2026-11-20T10:00Z", "2026-11-19T10:00:00", True),
        ("yesterday", "2026-11-19T10:00:00", False),
        ("2026-11-20T10:00:00", None, False),
    ],
)
def test_a_head_older_than_its_base_is_said(
    tmp_path: Path, before: object, after: object, odd: bool
) -> None:
    base = document(measured(1)) | {"datetime": before}
    head = document(measured(2)) | {"datetime": after}
    outcome = judge(tmp_path, base, head)
    assert warned(outcome, "is their order right?") == odd
    assert kinds(outcome) == ["equivalent"]


def test_a_copy_and_an_interrupted_run_are_said(tmp_path: Path) -> None:
    base = document(measured(1)) | {"isthmus": {"interrupted": True}}
    outcome = judge(tmp_path, base, base)
    assert warned(outcome, "the same times") and warned(outcome, "base.json", "interrupted")
    assert not warned(judge(tmp_path, base, document(measured(2))), "the same times")
