"""A demand on paper: nodes, dollars and queue of a result file whose numbers are known."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy
import pytest
from result_files import benchmark, document, scenario, write

from isthmus import reports
from isthmus.cli import main
from isthmus.errors import UsageError
from isthmus.reports.files.result_fields import Process
from isthmus.reports.money.cost import costs
from isthmus.reports.money.plan import Demand, demand_of, plans, variation_of
from isthmus.reports.stats.queue import mean_wait

# 100 ms a call exactly, and 50 ms; variation 0.
SECONDS = {"numpy": 0.2, "cpu": 0.1, "openvino-by-hand": 0.05}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    rounds = {name: [[seconds] * 5] * 3 for name, seconds in SECONDS.items()}
    entries = [benchmark("resnet-50", name, each) for name, each in rounds.items()]
    entries.append(benchmark("resnet-50-b8", "cpu", rounds["cpu"], batch=8))
    entries.append(
        benchmark(
            "resnet-50",
            "cpu",
            rounds["cpu"],
            scenario="server",
            scenario_result=scenario(achieved_per_s=99.0),
        )
    )
    return write(tmp_path / "result.json", document(entries))


def planned(path: Path, demand: Demand, instance: str = "c5.24xlarge") -> reports.Plan:
    files = reports.read_all([path])
    prices = [one for one in reports.read_prices() if one.instance == instance]
    (found,) = plans(files, costs(files, prices), demand)
    return found


def test_nodes_dollars_and_queue_are_those_of_the_formulas(path: Path) -> None:
    demand = Demand(1e9, peak=2, utilisation=0.6, spare=1)
    found = planned(path, demand)
    cost, rate = found.cost, 2e9 / 86400
    assert (cost.variant, cost.batch, cost.scenario) == ("cpu", 1, "single-stream")
    servers = cost.replicas
    assert servers and found.servers == servers and found.service_ms == pytest.approx(100)
    needed = math.ceil(rate / (0.6 * servers * 10))
    assert found.nodes == needed + 1
    assert found.busy_lost == pytest.approx(rate / (needed * servers * 10))
    assert found.busy < found.busy_lost <= 0.6
    assert found.usd_per_day == pytest.approx(24 * found.nodes * cost.usd_per_hour)
    assert found.usd_per_million == pytest.approx(found.usd_per_day / 1000)
    assert found.variation == pytest.approx(0, abs=1e-12)
    wait = mean_wait(rate / found.nodes, 0.1, servers, 0.0)
    assert found.wait_ms == pytest.approx(1e3 * wait)
    assert found.waiting == pytest.approx(rate * wait)
    assert found.inside == pytest.approx(rate * (wait + 0.1))  # Little
    assert found.wait_lost_ms > found.wait_ms


def test_a_whole_number_of_nodes_is_not_rounded_up(path: Path) -> None:
    per_node = planned(path, Demand(1e6)).cost.requests_per_s
    exact = Demand(7 * 0.6 * per_node * 86400, peak=1, spare=0)
    assert planned(path, exact).nodes == 7
    assert planned(path, replace(exact, requests=1.001 * exact.requests)).nodes == 8
    assert planned(path, replace(exact, spare=3)).nodes == 10


def test_a_small_demand_takes_a_node_and_the_spare_one(path: Path) -> None:
    found = planned(path, Demand(1, spare=2))
    assert found.nodes == 3 and found.wait_ms == pytest.approx(0, abs=1e-6)
    assert found.busy < 1e-6


def test_where_there_is_no_variant_of_ours_a_peer_is_planned(tmp_path: Path) -> None:
    entries = [benchmark("resnet-50", "openvino-by-hand", [[0.05] * 5] * 3)]
    path = write(tmp_path / "result.json", document(entries))
    assert planned(path, Demand(1e9)).cost.variant == "openvino-by-hand"


def test_copies_are_servers_and_tell_their_variation(tmp_path: Path) -> None:
    """Two copies of 10 calls a second each on two cores: 20 a second of the two."""
    entry = benchmark(
        "resnet-50",
        "cpu-x2",
        [[0.05] * 5] * 3,
        scenario="scaling",
        copies=2,
        scenario_result=scenario("scaling", achieved_per_s=20.0),
    )
    for process in entry["extra_info"]["processes"]:
        process["call_variation"] = 0.5
    found = planned(write(tmp_path / "result.json", document([entry])), Demand(1e9))
    assert found.servers == 2 * (found.cost.replicas or 0)
    assert found.service_ms == pytest.approx(100) and found.variation == pytest.approx(0.5)


def test_the_variation_of_means_of_calls_is_that_of_calls(path: Path) -> None:
    (result,) = (one for one in reports.read(path).results if one.fullname.endswith("50[cpu]"))
    random = numpy.random.default_rng(3)
    calls = random.gamma(4.0, 0.25, (5, 2000, 8))  # variation 1 / 2
    alone = replace(
        result,
        rounds=tuple(map(tuple, calls.reshape(5, -1).tolist())),
        processes=(Process(calls_per_sample=1),) * 5,
    )
    means = replace(
        result,
        rounds=tuple(map(tuple, calls.mean(axis=2).tolist())),
        processes=(Process(calls_per_sample=8),) * 5,
    )
    assert variation_of(alone) == pytest.approx(0.5, rel=0.03)
    assert variation_of(means) == pytest.approx(0.5, rel=0.05)
    assert variation_of(replace(result, rounds=((0.1,),), processes=())) == 0.0


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("1e9", Demand(1e9)),
        ("requests=5e8, peak=3 ,utilisation=0.5,spare=0", Demand(5e8, 3, 0.5, 0)),
    ],
)
def test_a_demand_is_read(text: str, found: Demand) -> None:
    assert demand_of(text) == found


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is no number"),
        ("many", "is no number"),
        ("peak=2", "how many requests a day"),
        ("1e9,2", "give a demand"),
        ("1e9,requests=2", "give a demand"),
        ("1e9,nodes=2", "give a demand"),
        ("0", "requests is 0"),
        ("nan", "requests is nan"),
        ("inf", "requests is inf"),
        ("1e9,peak=0.5", "peak is 0.5"),
        ("1e9,utilisation=1", "utilisation is 1"),
        ("1e9,utilisation=nan", "utilisation is nan"),
        ("1e9,spare=-1", "spare is -1"),
        ("1e9,spare=1.5", "spare is 1.5"),
        ("1e9,spare=inf", "spare is inf"),
        ("1e9,spare=nan", "spare is nan"),
    ],
)
def test_a_demand_that_is_none_is_one_line(text: str, words: str) -> None:
    with pytest.raises(UsageError, match=words) as caught:
        demand_of(text)
    assert "\n" not in str(caught.value)


def test_the_command_line_plans(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["report", str(path), "--instance", "c5.24xlarge"]
    assert main([*asked, "--plan", "1e9,spare=2", "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)["plan"]
    assert row["nodes"] == planned(path, Demand(1e9, spare=2)).nodes and row["spare"] == 2
    assert main([*asked, "--plan", "1e9"]) == 0
    text = capsys.readouterr().out
    assert "Plan of 10^9 requests a day" in text and "with 1 node lost" in text
    assert main([*asked, "--plan", "1e9,spare=x"]) == 2
    assert "x is no number" in capsys.readouterr().err
