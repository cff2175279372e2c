"""The plans that `isthmus bench` knows by a word."""

from __future__ import annotations

import pytest

from isthmus.benchmarks.harness.plan import FAST, fast_cells, full_cells
from isthmus.cli.bench import Asked, Extent, _plan
from isthmus.errors import UsageError

NOTHING = Extent(None, None, 1, None)


def asked(**given: object) -> Asked:
    usual: dict[str, object] = {name: [] for name in ("targets", "shapes", "workloads", "variants")}
    words = dict.fromkeys(("quick", "full", "fast"), False)
    return Asked(**{**usual, **words, **given})  # type: ignore[arg-type]


def test_a_word_is_a_whole_plan() -> None:
    for kind, cells in (("fast", fast_cells()), ("full", full_cells())):
        plan = _plan(asked(**{kind: True}), [], NOTHING)
        assert (plan.kind, plan.cells, plan.rounds) == (kind, cells, 3)


def test_its_workloads_run_on_the_variants_that_are_named() -> None:
    from isthmus.benchmarks.harness.plan import Scenario

    plan = _plan(asked(fast=True, variants=[FAST[0]]), [Scenario()], NOTHING)
    assert [cell.workload.name for cell in plan.cells] == [
        cell.workload.name for cell in fast_cells()
    ]
    assert {variant.name for cell in plan.cells for variant in cell.variants} == {FAST[0]}


def test_two_words_are_an_error() -> None:
    with pytest.raises(UsageError, match=r"--full and --fast exclude each other"):
        _plan(asked(full=True, fast=True), [], NOTHING)
