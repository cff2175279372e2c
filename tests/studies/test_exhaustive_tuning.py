"""What the study of tuning measures: every combination, on the workloads that are asked for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy
import pytest

import isthmus as im
from isthmus.errors import UsageError
from isthmus.tuning.axes import offer
from isthmus.tuning.opening import Given
from isthmus.tuning.setting import Setting
from studies.exhaustive_tuning import _asked, exhausted, verdict_of
from studies.survey import LATE, base_of, every, parents


def test_every_combination_is_there_once() -> None:
    offered = offer(["cpu"], "latency", Given(), static=True)
    first, variants = every(offered)
    found = [*first, *variants]
    assert len(found) == len(set(found)) and offered.runtimes[0] == first[0]
    assert Setting("cpu", precision="int8", threads=1, static=True) in found
    assert {setting.static for setting in found} == {True, False}
    assert {base_of(setting, offered) for setting in found} == set(first)


def test_a_variant_s_parents_are_the_same_without_one_of_its_changes() -> None:
    offered = offer(["cpu"], "latency", Given(), static=True)
    first, variants = every(offered)
    (base,) = {base_of(s, offered) for s in variants if s.extra}
    lever = next(s for s in variants if s.extra and parents(s, offered) == [base])
    both = replace(lever, static=True)
    assert both in variants
    assert parents(both, offered) == [lever, replace(base, static=True)]
    assert not any(parents(setting, offered) for setting in first)
    known = {*first, *variants}
    assert all(parent in known for one in variants for parent in parents(one, offered))


def row(name: str, low: float, times: float, high: float) -> dict[str, Any]:
    return {"setting": name, "choice_over_it": times, "interval_95": [low, high]}


@pytest.mark.parametrize(
    ("rows", "seconds", "skipped", "verdict"),
    [
        ([], 80.0, {}, "yes: at most 1.03 times as much as any"),
        ([row("a", 0.9, 1.0, 1.02)], 89.0, {}, "yes: at most 1.03 times as much as any"),
        ([row("a", 0.9, 1.0, 1.02)], 91.0, {}, "no: it took 91 s"),
        (
            [row("b", 1.04, 1.1, 1.2), row("a", 0.9, 1.0, 1.1)],
            80.0,
            {"c": LATE},
            "no: it costs 1.100 times as much as b",
        ),
        ([row("a", 0.9, 1.0, 1.1)], 80.0, {}, "undecided: [0.900, 1.100] times as much as a"),
        (
            [row("a", 0.9, 0.95, 1.0)],
            80.0,
            {"b": f"not opened: {LATE}", "c": "not opened: a took 5 times as long as the best"},
            "undecided: there was no time for 1 settings",
        ),
    ],
)
def test_the_verdict_is_yes_only_where_nothing_may_be_better(
    rows: Any, seconds: float, skipped: Any, verdict: str
) -> None:
    assert verdict_of(rows, seconds, skipped) == verdict


def test_the_words_are_workloads_a_file_and_options() -> None:
    names, path, seconds, objective = _asked(
        ["minilm-l6-128", "--budget", "2m", "out.json", "--objective", "throughput"]
    )
    assert (names, path, seconds, objective) == (
        ["minilm-l6-128"],
        Path("out.json"),
        120.0,
        "throughput",
    )
    assert _asked([])[0] == ["bert-base-128", "resnet-50", "mobilenet-v2"]


@pytest.mark.parametrize(
    "words",
    [
        ["nothing"],
        ["--objective", "speed"],
        ["--objective", "dollars"],
        ["--budget", "soon"],
        ["--budget"],
    ],
)
def test_a_mistake_is_an_error(words: list[str]) -> None:
    with pytest.raises(UsageError):
        _asked(words)


@pytest.mark.usefixtures("cache", "failing", "one_processor")
def test_the_choice_is_compared_with_every_setting() -> None:
    traced = im.trace(im.np.tanh, im.spec("float32", [4]))
    samples = [numpy.ones(4, numpy.float32)]
    found = exhausted(traced, samples, 60.0, "latency", 60.0, ["slow", "numpy", "crash", "wrong"])
    assert (found["chosen"], found["best"]) == ("numpy f32, 1 thread",) * 2
    assert found["chosen_over_best"] == 1 and found["seconds"] < 60
    assert [row["setting"] for row in found["measured"]] == ["slow f32, 1 thread"]
    assert found["measured"][0]["choice_over_it"] < 0.5
    assert found["verdict"] == "yes: at most 1.03 times as much as any"
    assert found["settings"] == 4
    assert "SIGABRT" in found["others"]["crash f32, 1 thread"]
    assert "cosine" in found["others"]["wrong f32, 1 thread"]
