"""Dollars per million requests: arithmetic, projection, intervals, bounds, break-even, 2020."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import result_files
from hypothesis import assume, given
from hypothesis import strategies as st

from isthmus.errors import UsageError
from isthmus.reports.display import Table
from isthmus.reports.files.file_fields import Roofline
from isthmus.reports.files.result import ResultFile
from isthmus.reports.files.results import read
from isthmus.reports.money.breakeven import break_even, cheapest, hourly
from isthmus.reports.money.cost import Cost, costs, frame, unpriced, usd_per_million
from isthmus.reports.money.cost_report import CostOptions, cost_tables
from isthmus.reports.money.price import Price
from isthmus.reports.money.prices import choose, read_prices

Document = dict[str, Any]
ROUNDS = [[0.100, 0.102, 0.101], [0.103, 0.101, 0.104], [0.099, 0.100, 0.102], [0.101, 0.1, 0.103]]


def result_file(
    tmp_path: Path, *entries: Document, name: str = "r.json", **machine: Any
) -> ResultFile:
    content = result_files.document(list(entries) or [entry()], **machine)
    return read(result_files.write(tmp_path / name, content))


def entry(variant: str = "cpu", workload: str = "resnet-50", **facts: Any) -> Document:
    """Calls of 101 ms, of which nothing is known but their times."""
    return result_files.benchmark(workload, variant, ROUNDS, **{"scenario_result": None} | facts)


def prices(*instances: str) -> tuple[Price, ...]:
    return choose(read_prices(), instances)


def by_instance(costs: Sequence[Cost]) -> dict[str, Cost]:
    return {cost.instance: cost for cost in costs}


def text(table: Table) -> str:
    rows = [" ".join(map(str, row)) for row in (table.headers, *table.rows)]
    return "\n".join([table.title, *rows, table.shared, *table.notes])


def test_cost_is_the_published_one() -> None:
    """The 2020 dollars: 70.1 ms on c5.xlarge cost $3.31, 1.37 ms on g4dn.xlarge $0.20."""
    assert usd_per_million(1e3 / 70.1, 0.17) == pytest.approx(3.31, rel=1e-3)
    assert usd_per_million(1e3 / 1.37, 0.526) == pytest.approx(0.20, rel=2e-3)


@given(st.floats(1e-3, 1e6), st.floats(1e-3, 1e3), st.floats(0.01, 1))
def test_cost_pays_for_the_hours(rate: float, usd: float, share: float) -> None:
    hours = 1e6 / (rate * share) / 3600
    assert usd_per_million(rate, usd, share) == pytest.approx(hours * usd)
    assert usd_per_million(rate, 2 * usd, share) == pytest.approx(2 * hours * usd)
    assert usd_per_million(1.01 * rate, usd, share) < usd_per_million(rate, usd, share)


@pytest.mark.parametrize("share", [0.0, -1.0, 1.1, math.nan])
def test_senseless_utilisation_is_refused(tmp_path: Path, share: float) -> None:
    file = result_file(tmp_path)
    with pytest.raises(UsageError, match="utilisation"):
        cost_tables([file], CostOptions(utilisation=share))


@pytest.mark.parametrize("bound", [0.0, -5.0, math.nan, math.inf])
def test_senseless_bounds_are_refused(tmp_path: Path, bound: float) -> None:
    with pytest.raises(UsageError, match="p99 bound"):
        cost_tables([result_file(tmp_path)], CostOptions(p99_ms=bound))


def test_copies_fill_the_cores_of_an_instance(tmp_path: Path) -> None:
    """Two threads on two cores: 48 cores hold 24 copies, 36 hold 18, a c7a.large one."""
    file = result_file(tmp_path, physical_cores=2)
    found = by_instance(
        costs([file], prices("c5.xlarge", "c5.24xlarge", "c5.18xlarge", "c7a.large"))
    )
    assert {name: cost.replicas for name, cost in found.items()} == {
        "c5.xlarge": 1,
        "c5.24xlarge": 24,
        "c5.18xlarge": 18,
        "c7a.large": 1,
    }
    for cost in found.values():
        assert cost.replicas is not None
        assert cost.requests_per_s == pytest.approx(cost.replicas / 0.101)
        usd = usd_per_million(cost.replicas / 0.101, cost.usd_per_hour)
        assert cost.usd_per_million == pytest.approx(usd)
        assert (cost.status, cost.speed) == ("projected", 1.0)


def test_threads_of_one_core_need_one_core(tmp_path: Path) -> None:
    """Two hardware threads of a single core are what a c7i.large is."""
    one, two = prices("c7i.large")[0], prices("c7i.xlarge")[0]
    siblings = result_file(tmp_path, physical_cores=1)
    assert [cost.replicas for cost in costs([siblings], [one, two])] == [1, 2]
    apart = result_file(tmp_path, physical_cores=2)
    assert [cost.instance for cost in costs([apart], [one, two])] == ["c7i.xlarge"]
    assert unpriced([apart], [one]) == (
        "No price (no CPU instance in the list has 2 cores): resnet-50 cpu.",
    )


def test_a_batch_is_as_many_requests(tmp_path: Path) -> None:
    file = result_file(tmp_path, entry(batch=8), entry("numpy"))
    batched, single = costs([file], prices("c5.xlarge"))
    assert single.usd_per_million == pytest.approx(8 * batched.usd_per_million)


def test_dollars_rest_on_the_measured_peaks_where_both_are_known(tmp_path: Path) -> None:
    here = result_file(tmp_path, physical_cores=2)  # 125 GFLOP/s per core in float32
    (price,) = prices("c5.xlarge")
    twice = replace(price, peak_gflop_per_core=250.0)
    plain, fast = (costs([here], [each])[0] for each in (price, twice))
    assert (plain.speed, fast.speed) == (1.0, 2.0)
    assert fast.usd_per_million == pytest.approx(plain.usd_per_million / 2)
    half = result_file(tmp_path, entry(precision="bf16"), physical_cores=2)
    assert costs([half], [twice])[0].speed == 1.0  # a float32 peak says nothing of bf16


def test_another_file_tells_the_peak_of_its_instance(tmp_path: Path) -> None:
    here = result_file(tmp_path, physical_cores=2)
    there = result_file(
        tmp_path,
        entry("numpy"),
        name="there.json",
        physical_cores=4,
        cores=4,
        instance_type="c7i.xlarge",
    )
    found = by_instance(
        [c for c in costs([here, there], prices("c7i.xlarge")) if c.variant == "cpu"]
    )
    assert found["c7i.xlarge"].speed == pytest.approx(1.0)
    slower = replace(there, roofline=replace(there.roofline or Roofline(), threads=4))
    (cost,) = [c for c in costs([here, slower], prices("c7i.xlarge")) if c.variant == "cpu"]
    assert (cost.speed, cost.status) == (0.5, "projected")


def test_a_cost_is_measured_only_on_that_instance_type(tmp_path: Path) -> None:
    file = result_file(tmp_path, instance_type="c5.24xlarge")
    found = by_instance(costs([file], prices("c5.24xlarge", "c5.xlarge")))
    assert (found["c5.24xlarge"].status, found["c5.24xlarge"].replicas) == ("measured", 1)
    assert found["c5.xlarge"].status == "projected"


@pytest.mark.parametrize(
    ("gpu", "instances"),
    [
        ("Tesla T4", {"g4dn.xlarge": 1, "g4dn.12xlarge": 4}),
        ("NVIDIA H100 80GB HBM3", {"p5.4xlarge": 1}),
        ("NVIDIA H100 PCIe", {}),
        ("NVIDIA A100-SXM4-40GB", {"p4d.24xlarge": 8}),
        ("NVIDIA A100-SXM4-80GB", {}),
        ("NVIDIA T400", {}),
        ("", {}),
    ],
)
def test_gpu_variants_are_priced_on_their_accelerator(
    tmp_path: Path, gpu: str, instances: dict[str, int]
) -> None:
    file = result_file(tmp_path, entry("gpu"), gpu=gpu)
    list_ = prices("g4dn.xlarge", "g4dn.12xlarge", "p5.4xlarge", "p4d.24xlarge", "c5.xlarge")
    assert {c.instance: c.replicas for c in costs([file], list_)} == instances
    reasons = unpriced([file], list_)
    assert bool(reasons) == (not instances)
    assert all("no instance in the list has the accelerator" in reason for reason in reasons)


def test_a_timing_on_x86_says_nothing_of_arm(tmp_path: Path) -> None:
    arm = prices("c7g.xlarge")
    assert costs([result_file(tmp_path)], arm) == ()
    file = result_file(tmp_path, flags=["asimd", "bf16"])
    assert [cost.replicas for cost in costs([file], arm)] == [2]


def test_the_dollars_interval_is_that_of_the_rounds(tmp_path: Path) -> None:
    (cost,) = costs([result_file(tmp_path)], prices("c5.xlarge"))
    assert cost.low is not None and cost.high is not None
    assert 0.95 * cost.usd_per_million < cost.low < cost.usd_per_million < cost.high
    steady = result_files.benchmark("resnet-50", "cpu", [[0.1, 0.1]] * 4)
    (cost,) = costs([result_file(tmp_path, steady)], prices("c5.xlarge"))
    assert (cost.low, cost.high) == (cost.usd_per_million,) * 2
    short = result_files.benchmark("resnet-50", "cpu", [[0.1, 0.2]])
    (cost,) = costs([result_file(tmp_path, short)], prices("c5.xlarge"))
    assert (cost.low, cost.high) == (None, None)


def single_stream(queries: int, p99: float | None, valid: bool = True, **facts: Any) -> Document:
    """A single stream with its bound, at 9.9 calls a second."""
    outcome = result_files.scenario("single-stream", valid, queries=queries, achieved_per_s=9.9)
    outcome |= {"bounded_ms": {"90": 110.0, "99": p99}}
    return entry(scenario_result=outcome, **facts)


@pytest.mark.parametrize(
    ("queries", "bound", "valid", "why"),
    [
        (700, 120.0, True, ""),
        (100, None, True, "100 calls, a bound takes 662"),
        (700, 120.0, False, "INVALID: p99 60.1 ms is above the bound of 50 ms"),
    ],
)
def test_the_p99_is_the_files_bound(
    tmp_path: Path, queries: int, bound: float | None, valid: bool, why: str
) -> None:
    file = result_file(tmp_path, single_stream(queries, bound, valid))
    (found,) = costs([file], prices("c5.xlarge"))
    assert found.p99_ms == (bound if valid else None)
    _, tables = cost_tables([file], CostOptions(p99_ms=130.0))
    assert len(tables[0].rows) == (1 if valid and bound else 0)
    assert why in text(tables[0])


def test_the_rate_achieved_is_of_calls_and_the_dollars_of_items(tmp_path: Path) -> None:
    file = result_file(tmp_path, single_stream(700, 120.0, batch=8))
    (found,) = costs([file], prices("c5.xlarge"))
    assert found.requests_per_s == pytest.approx(8 * 9.9)


def test_a_server_is_priced_at_the_rate_it_kept(tmp_path: Path) -> None:
    good = result_files.served("resnet-50", "cpu")
    (cost,) = costs([result_file(tmp_path, good)], prices("c5.xlarge"))
    assert (cost.requests_per_s, cost.scenario, cost.p99_ms) == (14.8, "server", 47.3)
    assert (cost.low, cost.high) == (None, None)


def test_an_invalid_server_has_no_price(tmp_path: Path) -> None:
    file = result_file(tmp_path, result_files.served("resnet-50", "cpu", valid=False))
    assert costs([file], prices("c5.xlarge")) == ()
    (reason,) = unpriced([file], prices("c5.xlarge"))
    assert reason.startswith("No price (INVALID: p99 60.1 ms is above the bound of 50 ms)")


def test_a_bound_keeps_what_is_shown_to_be_within(tmp_path: Path) -> None:
    file = result_file(tmp_path, entry(), result_files.served("resnet-50", "cpu"))
    every, tables = cost_tables([file], CostOptions(p99_ms=50.0))
    assert {cost.scenario for cost in every} == {"single-stream", "server"}
    assert "server" in tables[0].shared and len(tables[0].rows) == 1
    assert "the file has no bound of it" in text(tables[0])
    assert [cost.scenario for cost in cheapest(every, 50.0)] == ["server"]
    _, tables = cost_tables([file], CostOptions(p99_ms=40.0))
    assert tables[0].rows == () and tables[1].rows == ()
    assert "Without an answer (no p99 shown to be within the bound): resnet-50" in text(tables[1])


def test_the_cheapest_is_chosen_among_batches_and_only_right_outputs(tmp_path: Path) -> None:
    wrong = entry("torch-eager", batch=64, parity_max_rel_error=0.4, parity=None)
    unknown = entry("jax", batch=64, parity_max_rel_error=None, parity=None)
    file = result_file(tmp_path, entry(), entry("onnxruntime-cpu", batch=4), wrong, unknown)
    every, tables = cost_tables([file], CostOptions())
    (best,) = cheapest(every)
    assert (best.variant, best.batch, best.instance) == ("onnxruntime-cpu", 4, "c7a.large")
    assert "not shown to agree with the reference's: resnet-50 torch-eager" in text(tables[0])


def cost(usd_per_hour: float, rate: float, instance: str = "i") -> Cost:
    usd = usd_per_million(rate, usd_per_hour)
    about: dict[str, Any] = dict.fromkeys(Cost.__dataclass_fields__, "")
    about |= {"model": "m", "instance": instance, "usd_per_million": usd, "proven": True}
    about |= {"requests_per_s": rate, "usd_per_hour": usd_per_hour, "utilisation": 1.0}
    return Cost(**about | {"status": "projected", "p99_ms": None, "sequence": None})


def test_break_even_counts_whole_instances() -> None:
    """$0.17 for 14.3/s against $0.526 for 730/s: the fourth small one costs more than a large."""
    found = break_even(cost(0.17, 14.3), cost(0.526, 730.0))
    assert found is not None
    assert found.first == found.always == pytest.approx(3 * 14.3)
    assert hourly(found.small, 42.9)[0] == 3
    assert hourly(found.small, 43.0)[1] == pytest.approx(4 * 0.17)
    assert hourly(found.large, 43.0) == (1, 0.526)


def test_break_even_may_come_and_go() -> None:
    """$1 for 10/s against $2.1 for 30/s: cheaper from 20 to 30, dearer to 40, then for good."""
    found = break_even(cost(1.0, 10.0), cost(2.1, 30.0))
    assert found is not None
    assert [found.first, found.always] == pytest.approx([20, 40])


@given(st.floats(0.05, 5), st.floats(1, 1e3), st.floats(1.05, 20), st.floats(1.05, 50))
def test_break_even_is_where_it_says(usd: float, rate: float, dearer: float, faster: float) -> None:
    small, large = cost(usd, rate), cost(usd * dearer, rate * faster)
    found = break_even(small, large)
    if found is None:
        assert faster < 1.002 * dearer
        return
    assume(faster > 1.02 * dearer)
    just = found.first * (1 + 1e-6) + 1e-9
    assert hourly(large, just)[1] < hourly(small, just)[1]
    for at in range(1, 40):
        below, above = found.first * at / 40, found.always * (1 + at / 7) + 1e-9
        assert hourly(large, below)[1] >= hourly(small, below)[1]
        assert hourly(large, above)[1] < hourly(small, above)[1]


def test_no_break_even_where_the_dearer_is_never_worth_it() -> None:
    assert break_even(cost(1.0, 10.0), cost(2.0, 20.0)) is None
    assert break_even(cost(1.0, 10.0), cost(2.0, 15.0)) is None
    assert break_even(cost(2.0, 10.0), cost(1.0, 15.0)) is None


def test_a_gpu_breaks_even_with_a_processor(tmp_path: Path) -> None:
    gpu = result_files.benchmark("resnet-50", "gpu", [[0.001, 0.0011]] * 4)
    file = result_file(tmp_path, entry(), gpu, gpu="Tesla T4")
    every, tables = cost_tables([file], CostOptions(instances=("c5.xlarge", "g4dn.xlarge")))
    (row,) = tables[2].rows
    assert str(row[3]) == "c5.xlarge Isthmus CPU 4 × = $0.680/h"
    assert str(row[4]) == "g4dn.xlarge Isthmus GPU 1 × = $0.526/h"
    assert [each.instance for each in cheapest(every)] == ["g4dn.xlarge"]


def test_the_dollars_of_2020_stand_beside_ours(tmp_path: Path) -> None:
    file = result_file(tmp_path, entry("numpy", "bert-base-128"), entry("cpu", "bert-base-128"))
    every, tables = cost_tables([file], CostOptions())
    old = [c for c in every if c.status == "published 2020"]
    assert {c.instance: c.usd_per_million for c in old} == {"g4dn.xlarge": 0.20, "c5.xlarge": 3.31}
    assert {c.batch for c in old} == {None}
    rates = {c.instance: c.requests_per_s for c in old}
    assert rates == {
        "g4dn.xlarge": pytest.approx(730.6, rel=1e-3),
        "c5.xlarge": pytest.approx(14.27, rel=1e-3),
    }
    variants = [row[0].text for row in tables[0].rows]
    assert variants == ["NumPy", "Isthmus CPU", *["GluonNLP on MXNet (2020)"] * 2]
    assert "$3.31 2020" in text(tables[0]) and "2020-09-28" in text(tables[0])
    assert "published 2020" not in {c.status for c in cheapest(every)}


def test_the_dollars_of_2020_are_for_that_workload_only(tmp_path: Path) -> None:
    every, _ = cost_tables([result_file(tmp_path)], CostOptions())
    assert {c.status for c in every} == {"projected"}
    bert = result_file(tmp_path, entry("cpu", "bert-base-128"))
    every, _ = cost_tables([bert], CostOptions(instances=("c7i.xlarge",)))
    assert {c.status for c in every} == {"projected"}


def test_every_dollar_is_marked_and_its_terms_are_said(tmp_path: Path) -> None:
    file = result_file(tmp_path, entry(), instance_type="c7i.xlarge", physical_cores=2)
    _, (dollars, _, _, prices_) = cost_tables([file], CostOptions(utilisation=0.4))
    row = dict(zip(map(str, dollars.headers), dollars.rows[0], strict=True))
    assert (row["c7i.xlarge $0.1785/h"].detail, row["c5.xlarge $0.17/h"].detail) == ("m", "p")
    said = text(dollars)
    for fact in ("batch 1", "f32", "single-stream", "threads 2", "utilisation 0.4", "projected"):
        assert fact in said
    assert "125 GFLOP/s per core in f32, 2 threads on 2 cores." in said
    assert "2.5 × full load's" in said
    for fact in ("2026-07-20", "us-east-1", "on-demand", "karpenter"):
        assert fact in text(prices_)


def test_two_machines_do_not_share_a_row(tmp_path: Path) -> None:
    first = result_file(tmp_path, instance_type="c7i.xlarge")
    second = result_file(tmp_path, name="b.json", cpu_model="AMD EPYC 9R14")
    _, tables = cost_tables([first, second], CostOptions(instances=("c7i.xlarge",)))
    assert len(tables[0].rows) == 2
    assert [row[3].detail for row in tables[0].rows] == ["m", "p"]


def test_files_that_do_not_say_their_threads_have_no_price(tmp_path: Path) -> None:
    file = result_file(tmp_path, entry(threads=None))
    assert costs([file], prices("c5.xlarge")) == ()
    assert "how many threads" in unpriced([file], prices("c5.xlarge"))[0]


def test_long_lists_show_the_usual_instances_or_ask(tmp_path: Path) -> None:
    file = result_file(tmp_path)
    rows = "".join(f"own,i{at},8,cellar,linux,owned,0.05,2026-11-01,bill\n" for at in range(13))
    path = tmp_path / "p.csv"
    head = "provider,instance,vcpus,region,os,price_model,usd_per_hour,date,source\n"
    path.write_text(head + rows)
    with pytest.raises(UsageError, match="13 instances; name some with --instance"):
        cost_tables([file], CostOptions(prices=path))
    every, _ = cost_tables([file], CostOptions(prices=path, instances=["i3"]))
    assert {c.instance for c in every} == {"i3"}
    path.write_text(head + rows.partition("\n")[0] + "\n")
    every, _ = cost_tables([file], CostOptions(prices=path))
    assert {(c.instance, c.region) for c in every} == {("i0", "cellar")}


def test_an_unknown_instance_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"instance c5\.nano: no price"):
        cost_tables([result_file(tmp_path)], CostOptions(instances=["c5.nano"]))


def test_the_frame_is_tidy_and_keeps_texts_as_a_length(tmp_path: Path) -> None:
    whole = frame(costs([result_file(tmp_path)], prices("c5.xlarge")))
    assert whole["sequence"].isna().all() and whole["threads"].tolist() == [2]
    texts = result_file(tmp_path, entry(sequence="texts"))
    assert frame(costs([texts], prices("c5.xlarge")))["sequence"].tolist() == ["texts"]
    assert len(frame([])) == 0
