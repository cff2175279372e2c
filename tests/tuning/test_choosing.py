"""The rules on turns: who goes, when it is known, who is taken. Turns are data here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from isthmus.tuning.choosing import choose, is_decided, outdone, spared
from isthmus.tuning.contestant import Window
from isthmus.tuning.entry import Entry, cost_by
from isthmus.tuning.row import amount
from isthmus.tuning.setting import Setting, read_setting

LATENCY = cost_by("latency", lambda setting: 1.0)
NOISE = (1.0, 1.02, 0.99, 1.01, 0.98, 1.03, 1.0, 0.97, 1.01, 1.0)
OTHER = (0.99, 1.0, 1.02, 0.98, 1.01, 1.0, 1.03, 1.01, 0.97, 1.0)


def entry(seconds: float, noise: Sequence[float] = NOISE, **setting: Any) -> Entry:
    windows = [Window(seconds * each, 1 / (seconds * each)) for each in noise]
    return Entry(Setting("cpu", **setting), windows=windows)


def test_the_fastest_is_chosen_where_it_is_clear() -> None:
    default, quick, quicker = entry(1.0), entry(0.8, threads=2), entry(0.5, precision="int8")
    assert choose([default, quick, quicker], default, LATENCY) is quicker


def test_the_default_is_kept_where_nothing_is_seen_to_be_faster() -> None:
    default = entry(1.0)
    assert choose([default], default, LATENCY) is default
    assert choose([default, entry(1.2, threads=2)], default, LATENCY) is default
    assert choose([default, entry(0.999, OTHER, threads=2)], default, LATENCY) is default


def test_too_few_rounds_show_nothing() -> None:
    default, quick = entry(1.0, NOISE[:2]), entry(0.5, NOISE[:2], threads=2)
    assert choose([default, quick], default, LATENCY) is default


def test_of_two_that_are_equally_fast_the_more_exact_is_taken() -> None:
    default = entry(1.0)
    exact, low = entry(0.5, OTHER, threads=2), entry(0.499, NOISE, precision="int8")
    weights = entry(0.499, OTHER, weights="int8")
    assert choose([default, low, weights, exact], default, LATENCY) is exact
    assert choose([default, low, weights], default, LATENCY) is weights


def test_a_gain_below_one_per_cent_is_none() -> None:
    """However sure it is: lower precision has to be worth while."""
    default = entry(1.0)
    exact, low = entry(0.5, threads=2), entry(0.497, precision="int8")
    assert choose([default, low, exact], default, LATENCY) is exact
    assert choose([default, entry(0.995, precision="int8")], default, LATENCY) is default


def test_a_machine_that_drifts_is_no_difference() -> None:
    """Both meet it in each round, so that the ratio stays sharp."""
    drift = [1, 2, 4, 3, 1, 5, 2, 1, 4, 3]
    default = entry(1.0, [each * d for each, d in zip(NOISE, drift, strict=True)])
    quick = entry(0.9, [each * d for each, d in zip(NOISE, drift, strict=True)], threads=2)
    assert choose([default, quick], default, LATENCY) is quick


def test_it_is_decided_when_the_best_is_known_or_does_not_matter() -> None:
    default, quick = entry(1.0), entry(0.5, threads=2)
    assert is_decided([default, quick], default, LATENCY)
    few = [entry(1.0, NOISE[:5]), entry(0.5, NOISE[:5])]
    assert not is_decided(few, few[0], LATENCY)
    near = [entry(1.0, NOISE), entry(0.99, OTHER)]
    assert not is_decided(near, near[0], LATENCY)
    assert not is_decided(near, near[1], LATENCY)
    alike = [entry(1.0), entry(1.001)]
    assert is_decided(alike, alike[0], LATENCY) and is_decided(alike, alike[1], LATENCY)
    behind = [entry(1.0, NOISE), entry(1.05, OTHER)]
    assert is_decided(behind, behind[0], LATENCY)


def test_the_worse_half_goes_where_it_is_clearly_slower() -> None:
    default = entry(3.0)
    field = [default, *(entry(1.0 + 0.3 * place, threads=2 + place) for place in range(7))]
    assert [round(times, 1) for _, times in outdone(field, default, LATENCY)] == [2.2, 2.5, 2.8]
    assert default not in [gone for gone, _ in outdone(field, default, LATENCY)]
    alike = [default, *(entry(1.0, OTHER, threads=2 + place) for place in range(7))]
    assert outdone(alike, default, LATENCY) == []


def test_the_best_of_float32_stays_for_when_all_that_round_miss_the_accuracy() -> None:
    default, exact, slower = entry(3.0), entry(2.5, threads=2), entry(2.9, threads=3)
    low = [entry(1.0 + 0.01 * n, precision="int8", threads=1 + n) for n in range(6)]
    gone = [one for one, _ in outdone([default, slower, exact, *low], default, LATENCY)]
    assert gone == [low[-1], slower]
    kept = spared([default, slower, exact, *low], default, LATENCY)
    assert kept == [default, exact]
    assert spared([default, *low], default, LATENCY) == [default]


def test_costs_by_objective() -> None:
    setting, window = Setting("cpu"), Window(0.5, 8.0)
    assert cost_by("latency", lambda s: 2.0)(setting, window) == 0.5
    assert cost_by("throughput", lambda s: 2.0)(setting, window) == 1 / 8
    assert cost_by("dollars", lambda s: 2.0)(setting, window) == 2 / 8


def test_an_interval_takes_three_turns() -> None:
    assert amount([]) is None
    few = amount([1.0, 2.0])
    assert few is not None and (few.value, few.low) == (1.5, None)
    many = amount([1.0, 1.1, 0.9, 1.0])
    assert many is not None and many.low is not None and many.high is not None
    assert many.low < many.value < many.high


@pytest.mark.parametrize(
    ("setting", "text", "keywords"),
    [
        (Setting("cpu"), "cpu f32, 1 thread", {"backend": "cpu", "threads": 1}),
        (
            Setting("gpu", "cpu", "int8", threads=4, streams=2, static=True, copies=3),
            "gpu on cpu int8, 4 threads, 2 streams, 3 processes, static sizes",
            {"backend": "gpu", "device": "cpu", "precision": "int8", "threads": 4, "streams": 2},
        ),
        (
            Setting("cpu", weights="int8", extra=(("a", 1),)),
            "cpu f32, weights int8, 1 thread, a=1",
            {"backend": "cpu", "weights": "int8", "threads": 1, "levers": {"a": 1}},
        ),
    ],
)
def test_a_setting_reads_as_it_is_typed(setting: Setting, text: str, keywords: Any) -> None:
    assert (str(setting), setting.keywords) == (text, keywords)
    assert read_setting(setting.document()) == setting
