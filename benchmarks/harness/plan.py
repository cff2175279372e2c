"""What a run measures: workloads, variants, scenarios, and how long. The named plans are rows."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from isthmus.benchmarks.work import workloads
from isthmus.errors import UsageError
from isthmus.system.threads import available_threads

from . import variants
from .copies import SCALING
from .variants import Variant

__all__ = [
    "SINGLE_STREAM",
    "Cell",
    "Plan",
    "Scenario",
    "crossed",
    "fast_cells",
    "full_cells",
    "scaling_cells",
    "scenario_of",
    "seconds_of",
]

Kind = Literal["quick", "full", "fast", "custom"]
SINGLE_STREAM = "single-stream"
SCENARIOS = (SINGLE_STREAM, "multi-stream", "server", "offline")
SAMPLES_A_QUERY = 8  # of MLPerf's multi-stream
SERVING = ("numpy", "cpu", "onnxruntime-cpu", "openvino-by-hand", "onnxruntime-by-hand")
# Every precision, ours and the peers'; the reference alone is NumPy's.
FAST = (
    *("auto", "cpu", "cpu-bf16", "cpu-int8", "onnxruntime-cpu-int8"),
    *("onnxruntime-by-hand", "openvino-by-hand", "openvino-as-it-comes", "openvino-nncf-int8"),
    "torch-eager-bf16",
)
# And of ONNX Runtime's integers those that its documentation advises: dynamic for texts, static for
# images; for MiniLM what a person would install.
FAST_WORK = {
    "bert-base-128": ("onnxruntime-dynamic-int8",),
    "resnet-50": ("onnxruntime-static-int8",),
    "mobilenet-v2": ("onnxruntime-static-int8",),
    "minilm-l6-128": ("onnxruntime-dynamic-int8", "sentence-transformers-openvino"),
}
# At batch 1 alone: MXNet was measured so, and its calls are long.
FAST_OF_ONE = ("mxnet-onednn", "mxnet-plain")
FAST_BATCHES = (1, 8)
SECONDS = {"s": 1, "m": 60, "h": 3600}


@dataclass(frozen=True)
class Scenario:
    """How requests arrive: one after the other, eight at a time, at random times, all at once.

    rate_per_s: of the server scenario; None searches the highest whose percentile keeps bound_ms.
    """

    name: str = SINGLE_STREAM
    rate_per_s: float | None = None
    bound_ms: float | None = None
    percentile: int = 99

    @property
    def rate_is_searched(self) -> bool:
        """Whether every process finds a rate of its own."""
        return self.name == "server" and self.rate_per_s is None

    def job(self) -> Mapping[str, Any]:
        """The scenario as the measured process reads it."""
        if self.name == SCALING:  # of each copy
            return {"name": SINGLE_STREAM}
        if self.name != "server":
            return {"name": self.name}
        facts = {"rate_per_s": self.rate_per_s, "bound_ms": self.bound_ms}
        return {"name": self.name, **facts, "percentile": self.percentile}

    def workload(self, workload: Any) -> Any:
        """The workload whose calls are the scenario's queries: multi-stream asks eight at once."""
        if self.name != "multi-stream":
            return workload
        return replace(workload, batch=SAMPLES_A_QUERY * workload.batch)


@dataclass(frozen=True)
class Cell:
    """One workload in one scenario, on these variants; `seconds`, `rounds`: where the plan's
    are not enough, or too many."""

    workload: Any
    variants: Sequence[Variant]
    scenario: Scenario = Scenario()
    seconds: float | None = None
    rounds: int | None = None


@dataclass(frozen=True)
class Plan:
    """What to run: for each cell rounds of processes, each timing calls for so many seconds.

    With a budget, rounds of a cell go on while its share of the time left allows another.
    """

    cells: Sequence[Cell]
    rounds: int = 5
    seconds: float = 1.0
    threads: int = field(default_factory=available_threads)
    budget_seconds: float | None = None
    kind: Kind = "custom"
    peaks: bool = True  # measure the machine's own as well, before and after: 12 s

    @property
    def processes(self) -> int:
        """How many a run without a budget starts."""
        return sum(self.rounds_of(cell) * len(cell.variants) for cell in self.cells)

    def rounds_of(self, cell: Cell) -> int:
        """The most rounds of a cell."""
        return cell.rounds or self.rounds

    def facts(self) -> dict[str, Any]:
        """The plan as the result file tells it."""
        names = ("kind", "rounds", "seconds", "threads", "budget_seconds")
        return {name: getattr(self, name) for name in names}


def crossed(
    chosen: Sequence[Any], on: Sequence[Variant], scenarios: Sequence[Scenario] = (Scenario(),)
) -> tuple[Cell, ...]:
    """Every workload in every scenario, on the same variants."""
    return tuple(Cell(work, on, scenario) for work in chosen for scenario in scenarios)


def scaling_cells(
    chosen: Sequence[Any], on: Sequence[Variant], counts: Sequence[int]
) -> tuple[Cell, ...]:
    """Every workload by so many copies of every variant, which take turns with each other."""
    copies = [
        replace(one, name=f"{one.name}-x{count}", copies=count) for one in on for count in counts
    ]
    return crossed(chosen, copies, (Scenario(SCALING),))


def full_cells() -> tuple[Cell, ...]:
    """All workloads on all variants and peers, then the scenarios on those that serve."""
    (work,) = workloads.find(["mobilenet-v2"])
    serving = variants.find(list(SERVING))
    return (
        *crossed(workloads.find(list(workloads.FULL)), variants.full()),
        Cell(work, serving, Scenario("multi-stream"), seconds=8.0),
        Cell(work, serving, Scenario("offline")),
        # A search is nine runs, each long enough to bound the 99th percentile: 662 queries.
        Cell(work, serving, Scenario("server", bound_ms=50.0), seconds=5.0, rounds=1),
    )


def fast_cells(batches: Sequence[int] = FAST_BATCHES) -> tuple[Cell, ...]:
    """Four models at batch 1 and 8, on ours and the peers in every precision."""
    return tuple(
        Cell(work, variants.find([*FAST, *others, *(FAST_OF_ONE if batch == 1 else ())]))
        for batch in batches
        for name, others in FAST_WORK.items()
        for work in workloads.find([name if batch == 1 else f"{name}-b{batch}"])
    )


def seconds_of(text: str) -> float:
    """`90`, `90s`, `10m` and `1.5h` in seconds; UsageError for anything else."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smh]?)", text.strip())
    if not found or not 0 < float(found[1]) * SECONDS[found[2] or "s"] < 7 * 24 * 3600:
        raise UsageError(f"budget '{text}': give a time such as 90s, 10m or 1.5h")
    return float(found[1]) * SECONDS[found[2] or "s"]


def scenario_of(name: str, rate_per_s: float | None, bound_ms: float | None) -> Scenario:
    """A scenario by name; UsageError for an unknown one, and a server without a rate or a bound."""
    if name not in SCENARIOS:
        raise UsageError(f"no scenario '{name}'; there are {', '.join(SCENARIOS)}")
    if name != "server":
        return Scenario(name)
    if rate_per_s is None and bound_ms is None:
        step = "--rate 50 (requests/s), or --p99-ms 20 to search the highest rate"
        raise UsageError(f"the scenario server needs {step}")
    for option, value in (("--rate", rate_per_s), ("--p99-ms", bound_ms)):
        if value is not None and not 0 < value < 1e9:
            raise UsageError(f"{option} {value}: give a number above 0")
    return Scenario(name, rate_per_s, bound_ms)
