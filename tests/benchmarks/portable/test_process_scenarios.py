"""The four scenarios on a simulated clock, and their verdicts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy
import pytest
from simulated_clock import SimulatedClock

from isthmus.benchmarks.portable.timing import server
from isthmus.benchmarks.portable.timing.early_stopping import queries_needed
from isthmus.benchmarks.portable.timing.scenarios import Section, Timed, run
from isthmus.benchmarks.portable.timing.timing import Sampler
from isthmus.benchmarks.portable.timing.verdicts import judged, within
from isthmus.benchmarks.portable.timing.watch import Watch

FIELDS = {
    *("scenario", "valid", "reason", "more_queries", "queries", "rate_per_s", "bound_ms"),
    *("percentile", "achieved_per_s", "percentiles_ms", "bounded_ms"),
}
CALL_SECONDS = 0.01


def _run(
    tmp_path: Path, seconds: float, grouped: int = 1, delay: float = 0.0, **scenario: Any
) -> Timed:
    clock = SimulatedClock(tick=1e-5)
    sample = Sampler(clock.taking(CALL_SECONDS), [None], delay, clock)
    watch = Watch([0], tmp_path)  # a system that tells nothing
    return run(Section(sample, grouped, CALL_SECONDS, seconds, watch, clock.sleep), scenario)


@pytest.mark.parametrize("name", ["single-stream", "multi-stream", "offline"])
def test_every_scenario_tells_the_same_fields(tmp_path: Path, name: str) -> None:
    found = _run(tmp_path, 10.0, name=name)
    assert set(found.result) == FIELDS
    assert found.result["valid"], found.result["reason"]
    assert found.result["achieved_per_s"] == pytest.approx(100, rel=0.01)


def test_a_single_stream_bounds_its_90th_percentile(tmp_path: Path) -> None:
    result = _run(tmp_path, 0.5, name="single-stream").result
    assert not result["valid"]
    assert result["queries"] + result["more_queries"] == 64
    assert "64 are enough" in result["reason"]
    result = _run(tmp_path, 1.0, name="single-stream").result
    assert result["valid"]
    assert result["percentile"] == 90
    assert result["percentiles_ms"]["90"] == pytest.approx(10, rel=0.01)
    assert result["bounded_ms"]["90"] == pytest.approx(10, rel=0.01)
    assert result["bounded_ms"]["99"] is None


def test_a_multi_stream_needs_more_for_its_99th(tmp_path: Path) -> None:
    result = _run(tmp_path, 1.0, name="multi-stream").result
    assert not result["valid"]
    assert result["queries"] + result["more_queries"] == 662
    assert result["percentile"] == 99


def test_latencies_that_are_means_of_calls_bound_nothing(tmp_path: Path) -> None:
    found = _run(tmp_path, 30.0, grouped=12, name="single-stream")
    assert found.calls_per_sample == 12
    assert not found.result["valid"]
    assert "12 calls" in found.result["reason"]


def test_offline_tells_calls_a_second_and_no_latency(tmp_path: Path) -> None:
    found = _run(tmp_path, 1.0, grouped=5, name="offline")
    assert found.result["queries"] == 5 * len(found.seconds)
    assert set(found.result["percentiles_ms"].values()) == {None}
    assert set(found.result["bounded_ms"].values()) == {None}


def test_an_unknown_scenario_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no scenario 'parallel'; there are single-stream"):
        _run(tmp_path, 1.0, name="parallel")
    with pytest.raises(ValueError, match="give rate_per_s, or bound_ms"):
        _run(tmp_path, 1.0, name="server")


# The server


def _queue(due: Sequence[float], service: float) -> list[float]:
    """Lindley: a query begins when it is due or the one before has ended, the later of the two."""
    latencies, free = [], 0.0
    for at in due:
        free = max(free, at) + service
        latencies.append(free - at)
    return latencies


@pytest.mark.parametrize("rate", [20.0, 80.0, 99.0])
def test_latencies_are_those_of_a_queue_and_count_from_when_a_query_was_due(rate: float) -> None:
    clock = SimulatedClock(tick=1e-6)
    due = server.arrivals(rate, 4.0)
    sample = Sampler(clock.taking(CALL_SECONDS), [None], clock=clock)
    found = server.serve(sample, due, 100.0, clock.sleep)
    # Each query reads the clock a few times, 1e-6 s each, and those in a queue wait for all.
    assert found == pytest.approx(_queue(due, CALL_SECONDS), abs=5e-6 * len(due))
    assert max(found) > 1.5 * CALL_SECONDS


def test_arrivals_are_a_poisson_process_and_the_same_every_time() -> None:
    due = server.arrivals(50.0, 200.0)
    gaps = numpy.diff(due)
    assert due[0] == 0
    assert len(due) == pytest.approx(10_000, abs=400)
    assert numpy.std(gaps) == pytest.approx(numpy.mean(gaps), rel=0.05)
    assert due == server.arrivals(50.0, 200.0)
    assert server.arrivals(1e-3, 1.0) == [0.0]


def test_a_server_at_a_rate_is_valid_when_its_bound_holds(tmp_path: Path) -> None:
    result = _run(tmp_path, 40.0, name="server", rate_per_s=20.0, bound_ms=60.0).result
    assert set(result) == FIELDS
    assert result["valid"], result["reason"]
    assert result["rate_per_s"] == 20
    assert result["achieved_per_s"] == pytest.approx(20, rel=0.1)
    assert result["percentiles_ms"]["99"] <= result["bounded_ms"]["99"] <= 60


def test_a_rate_beyond_what_is_served_is_given_up(tmp_path: Path) -> None:
    found = _run(tmp_path, 1.0, name="server", rate_per_s=1000.0)
    assert not found.result["valid"]
    assert "lower the rate" in found.result["reason"]
    assert found.result["queries"] == len(found.seconds) < 250
    assert found.result["achieved_per_s"] == pytest.approx(100, rel=0.02)


def test_the_highest_rate_is_searched(tmp_path: Path) -> None:
    result = _run(tmp_path, 40.0, name="server", bound_ms=60.0).result
    rate = result["rate_per_s"]
    assert result["valid"], result["reason"]
    assert 50 < rate < 100
    higher = _run(tmp_path, 40.0, name="server", rate_per_s=1.1 * rate, bound_ms=60.0).result
    assert not higher["valid"]


def test_a_delay_lowers_the_rate(tmp_path: Path) -> None:
    rates = [
        _run(tmp_path, 40.0, delay=delay, name="server", bound_ms=60.0).result["rate_per_s"]
        for delay in (0.0, 1.0)
    ]
    assert rates[1] < 0.75 * rates[0]


def test_a_bound_below_one_call_is_kept_at_no_rate(tmp_path: Path) -> None:
    result = _run(tmp_path, 2.0, name="server", bound_ms=5.0).result
    assert not result["valid"]
    assert "over 5 ms" in result["reason"]


def test_too_few_queries_say_how_many_more(tmp_path: Path) -> None:
    result = _run(tmp_path, 2.0, name="server", bound_ms=60.0).result
    assert not result["valid"]
    assert result["queries"] + result["more_queries"] == 662
    assert result["rate_per_s"] > 20


# Verdicts


def test_a_percentile_within_and_its_bound_over_needs_more_queries() -> None:
    latencies = [0.010] * 995 + [0.030] * 8
    verdict = judged(latencies, 99, bound_ms=20.0)
    assert not verdict["valid"]
    assert verdict["more_queries"] == queries_needed(9, 99) - len(latencies) > 0
    more = [0.010] * verdict["more_queries"] + latencies
    assert judged(more, 99, bound_ms=20.0)["valid"]
    assert not judged(more[1:], 99, bound_ms=20.0)["valid"]


def test_a_percentile_over_its_bound_is_not_mended_by_more() -> None:
    verdict = judged([0.010] * 900 + [0.030] * 100, 99, bound_ms=20.0)
    assert verdict["more_queries"] == 0
    assert "30 ms, over 20 ms" in verdict["reason"]


def test_a_search_goes_by_the_percentile_where_there_is_no_bound_yet() -> None:
    assert within([0.010] * 100, 99, 20.0)
    assert not within([0.010] * 100 + [0.03] * 2, 99, 20.0)
    assert not within([0.010] * 995 + [0.030] * 8, 99, 20.0)
