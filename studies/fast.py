"""What precision brings: four models at batch 1 and 8, on ours and the peers in every precision.

    python -m studies.fast [RESULT.json] [--budget 25m] [--batch 1]

One interleaved run of that many minutes, after it the figures beside their goals. Without a name
the result is reports/results/fast-DATE.json; where the file is there already, the run goes on with
what it lacks, and of a whole one the figures alone are printed. `make peers` first.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from isthmus.benchmarks.harness.bench import run_bench
from isthmus.benchmarks.harness.clock import Step
from isthmus.benchmarks.harness.plan import FAST_BATCHES, Plan, fast_cells, seconds_of
from isthmus.reports import ResultFile, costs, geometric_mean, read, read_prices
from isthmus.reports.display import interval, significant
from isthmus.reports.files.budget import outside
from isthmus.reports.files.comparison import in_f32, indexed, times_as_fast
from isthmus.reports.files.result import Result
from isthmus.reports.files.variants import BY_HAND, ONNX_RUNTIME, OURS
from isthmus.reports.stats.intervals import LogRatio
from isthmus.reports.tables.budget import BudgetRow, budget_rows
from isthmus.reports.tables.efficiency import efficiency
from isthmus.system import machine

from .study import default_path, run

ROUNDS, SECONDS = 3, 0.5
AMX, WITHOUT = "amx_tile", ("avx512_vnni", "avx512_bf16")
# Times as fast, at least: where the processor has AMX, and where it has VNNI and BF16 alone.
OVER_ONNX_RUNTIME = {"bert-base": (6, 4), "resnet-50": (6, 4), "mobilenet-v2": (2.4, 2.4)}
OVER_MXNET = {
    "mxnet-onednn": {"bert-base": (8, 5), "resnet-50": (7, 4), "mobilenet-v2": (5, 5)},
    "mxnet-plain": {"bert-base": (8, 6), "resnet-50": (12, 8), "mobilenet-v2": (25, 25)},
}
OVER_PEER, OVER_PEERS = (1.0, 1.0), (1.1, 1.1)
IN_F32 = {BY_HAND: (1.00, 1.00), ONNX_RUNTIME: (1.10, 1.10)}
USD = (0.60, 0.90)  # a million requests of BERT-base 128 on the cheapest instance, at most
OF_PEAK = {"f32": (0.92, 0.92), "bf16": (0.70, 0.85), "int8": (0.45, 0.75)}
BERT = "bert-base-128"

Goals = tuple[float, float]


class Figure(NamedTuple):
    """What was measured, beside its goals with AMX and without; `most`: they are upper bounds."""

    name: str
    value: float | None
    goals: Goals
    said: str = ""
    most: bool = False


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="studies.fast", description=__doc__)
    parser.add_argument("result", nargs="?", type=Path, default=default_path("fast"))
    parser.add_argument("--budget", default="25m")
    parser.add_argument("--batch", type=int, choices=FAST_BATCHES, nargs="*", default=FAST_BATCHES)
    asked = parser.parse_args(arguments)
    measure(asked.result, seconds_of(asked.budget), asked.batch)
    print("\n".join(told(read(asked.result))))


def measure(path: Path, budget_seconds: float, batches: Sequence[int]) -> None:
    """Run the plan, or what an earlier run of it lacks."""
    plan = Plan(fast_cells(batches), ROUNDS, SECONDS, budget_seconds=budget_seconds, kind="fast")
    run_bench(plan, path, _progress, resume=path.exists())


def told(file: ResultFile) -> Iterator[str]:
    """A line a figure, and what the processor has."""
    flags = machine.processor_flags()
    has_amx = AMX in flags
    lacks = [flag for flag in WITHOUT if flag not in flags]
    yield f"{file.machine.cpu_model}: {'AMX' if has_amx else 'no AMX'}; " + (
        f"no {', no '.join(lacks)}, so that no goal is this machine's" if lacks else "VNNI, BF16"
    )
    for figure in figures(file):
        yield _line(figure, 0 if has_amx else 1)


def figures(file: ResultFile) -> Iterator[Figure]:
    """Everything that the goals speak of and this run measures."""
    rows = [row for row in budget_rows([file]) if row.ours and row.ours.model in OVER_ONNX_RUNTIME]
    yield from _within(rows)
    yield from _in_f32(file)
    yield from _over_mxnet(file, rows)
    yield _dollars(file)
    yield from _of_peak(file)


def _within(rows: Sequence[BudgetRow]) -> Iterator[Figure]:
    for row in rows:
        if row.ours:
            goals = OVER_ONNX_RUNTIME[row.ours.model]
            who = f"{row.ours.variant}, {row.ours.precision}"
            yield _ratio(
                f"{row.workload}: auto over ONNX Runtime f32", row.over_onnxruntime, goals, who
            )
    for row in rows:
        if row.ours:
            who = f"{row.peer.variant}, {row.peer.precision}" if row.peer else ""
            yield _ratio(f"{row.workload}: auto over the best peer", row.over_peer, OVER_PEER, who)
    every = [row.over_peer for row in rows if row.ours]
    yield _ratio(f"auto over the best peer, mean of {len(every)}", _mean(every), OVER_PEERS)


def _in_f32(file: ResultFile) -> Iterator[Figure]:
    beside = indexed(file)
    for peer, goals in IN_F32.items():
        ours = [result for result in file.results if result.variant == "cpu"]
        ratios = [times_as_fast(in_f32(beside, peer, result), result) for result in ours]
        yield _ratio(f"f32 over {peer}, mean of {len(ratios)} of 18", _mean(ratios), goals)


def _over_mxnet(file: ResultFile, rows: Sequence[BudgetRow]) -> Iterator[Figure]:
    beside = indexed(file)
    for peer, goals in OVER_MXNET.items():
        for ours in (row.ours for row in rows if row.ours):
            other = in_f32(beside, peer, ours)
            right = other if other and not outside(other) else None
            name = f"{ours.workload}: auto over {peer}"
            yield _ratio(name, times_as_fast(right, ours), goals[ours.model])


def _dollars(file: ResultFile) -> Figure:
    """Of what the fastest instance by price costs; all of the price list's are looked at."""
    ours = [result for result in file.results if result.variant in OURS and result.workload == BERT]
    every = [
        cost
        for cost in costs([file], read_prices())
        if cost.workload == BERT and cost.variant in OURS and cost.proven and not cost.accelerator
    ]
    best = min(every, key=lambda cost: cost.usd_per_million, default=None)
    if best is None:
        return Figure(f"{BERT}: $ per million, auto", None, USD, "no price" if ours else "", True)
    who = f"{best.instance}, {best.status}, {best.variant}, {best.precision}"
    return Figure(f"{BERT}: $ per million, auto", best.usd_per_million, USD, who, True)


def _of_peak(file: ResultFile) -> Iterator[Figure]:
    for precision, goals in OF_PEAK.items():
        found = [
            result
            for result in file.results
            if (result.workload, result.precision) == (BERT, precision) and result.variant in OURS
        ]
        best = min(found, key=lambda result: result.median_seconds, default=None)
        share = _share(file, best) if best else None
        who = best.variant if best else "not measured"
        yield Figure(f"{BERT}: share of the {precision} peak", share, goals, who)


def _share(file: ResultFile, result: Result) -> float | None:
    return efficiency(result, file.roofline).of_peak


def _mean(ratios: Iterable[LogRatio | None]) -> LogRatio | None:
    """Of all of them, or of none."""
    every = list(ratios)
    known = [ratio for ratio in every if ratio is not None]
    return geometric_mean(known) if known and len(known) == len(every) else None


def _ratio(name: str, ratio: LogRatio | None, goals: Goals, who: str = "") -> Figure:
    if ratio is None:
        return Figure(name, None, goals, who)
    said = f"[{interval(ratio)}]" + (f" {who}" if who else "")
    return Figure(name, ratio.ratio, goals, said)


def _line(figure: Figure, column: int) -> str:
    goal = figure.goals[column]
    bound = "<=" if figure.most else ">="
    if figure.value is None:
        return f"{figure.name:52}      - {bound} {goal:g}  {figure.said or 'not measured'}"
    reached = figure.value <= goal if figure.most else figure.value >= goal
    verdict = "" if reached else "  not reached"
    value = significant(figure.value)
    return f"{figure.name:52} {value:>6} {bound} {goal:g}{verdict}  {figure.said}".rstrip()


def _progress(step: Step) -> None:
    print(f"{step.spent_seconds:6.0f} s  {step.text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    run(main)
