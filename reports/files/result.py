"""A result and a result file, as every table, plot and gate of this folder takes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from isthmus.reports.stats.summaries import Summary

from .checks import Amount, Name, Positive, Seconds, Times, Whole, fail
from .file_fields import Missing, Roofline
from .result_fields import SINGLE, Accuracy, Parity, Process, ScenarioResult, Wrong
from .same_machine import Machine
from .variants import BY_HAND, NATIVE

__all__ = ["BY_HAND", "NATIVE", "Damaged", "Result", "ResultFile"]


@dataclass(frozen=True)
class Result:
    """One benchmark: its work, its variant, its `rounds` of seconds per call.

    A `sequence` of "texts" is a real distribution of lengths. `origin` is the tool that measured,
    "" for ours; `rate_per_s` is a measured rate where calls overlap, so that it is no 1 / latency.
    `summary`: of the times where the raw ones were not kept, and the file tells their quartiles.
    `copies`: so many processes of one thread side by side, whose calls together take the seconds.
    `precision`: as the runtime tells it, "f32" in files of earlier versions; `accuracy`: of one
    below float32. `timer`: the clock, "" for the usual one of the wall.

    >>> from isthmus import reports
    >>> result = reports.read("head.json").results[1]
    >>> result.workload, result.variant, round(result.latency_ms)
    ('bert-base-128', 'cpu', 128)
    """

    file: str
    fullname: str
    workload: Name
    variant: Name
    median_seconds: Seconds
    rounds: tuple[Times, ...] = ()
    batch: Whole = 1
    sequence: Whole | Literal["texts"] | None = None
    precision: str = ""
    threads: Whole | None = None
    parity_max_rel_error: Wrong | None = None
    operations: Amount | None = None
    peak_memory_bytes: Amount | None = None
    compile_seconds: Amount | None = None
    first_inference_seconds: Amount | None = None
    runtime: str = ""
    model: str = ""
    scenario: Name = SINGLE
    model_hash: str = ""
    environment: str = ""
    bytes_moved: Amount | None = None
    parameter_bytes: Amount | None = None
    least_bytes: Amount | None = None
    import_seconds: Amount | None = None
    load_seconds: Amount | None = None
    parity: Parity | None = None
    accuracy: Accuracy | None = None
    processes: tuple[Process, ...] = ()
    scenario_result: ScenarioResult | None = None
    origin: str = ""
    rate_per_s: Positive | None = None
    summary: Summary | None = None
    timer: str = ""
    copies: Whole | None = None

    @property
    def latency_ms(self) -> float:
        """Median milliseconds per call."""
        return 1e3 * self.median_seconds

    @property
    def requests_per_second(self) -> float:
        """batch * calls/s as achieved where the file tells, else batch / median seconds.

        Each item of a batch is a request.
        """
        if self.scenario_result and self.scenario_result.achieved_per_s:
            return self.batch * self.scenario_result.achieved_per_s
        return self.rate_per_s or self.batch / self.median_seconds

    @property
    def one_by_one(self) -> bool:
        """True where its latency is that of a call, so that latencies can be compared."""
        return self.scenario == SINGLE or self.scenario_result is None

    def raw(self) -> tuple[tuple[float, ...], ...]:
        """The rounds, or `FileError` where the file kept only statistics."""
        if not self.rounds:
            step = "measure again with --benchmark-json, or --benchmark-save-data"
            fail(f"{self.file}: {self.fullname}", "has no raw times (stats.data)", step)
        return self.rounds


@dataclass(frozen=True)
class Damaged:
    """A benchmark that cannot be read, and why: `stats.data[3] is 0.0: expected ...`."""

    fullname: str
    reason: str


@dataclass(frozen=True)
class ResultFile:
    """A file's machine, date, commit and results; what is missing, and the machine's peaks.

    measured: in UTC. damaged: benchmarks of which nothing is known. repeated: names that are in
    the file more than once, of which the last counts.

    >>> from isthmus import reports
    >>> file = reports.read("head.json")
    >>> file.machine.cpu_model, len(file.results)
    ('AMD EPYC', 15)
    """

    path: str
    machine: Machine
    measured: str
    commit: str
    results: tuple[Result, ...]
    missing: tuple[Missing, ...] = ()
    roofline: Roofline | None = None
    plan: Mapping[str, Any] = field(default_factory=dict, hash=False)
    interrupted: bool = False
    seconds_spent: float | None = None
    damaged: tuple[Damaged, ...] = ()
    repeated: tuple[str, ...] = ()

    @property
    def left_out(self) -> tuple[str, ...]:
        """A line on each benchmark that is damaged, and on each whose earlier runs do not count."""
        return (
            *(f"{self.path}: {one.fullname} is left out: {one.reason}" for one in self.damaged),
            *(f"{self.path}: {name} is there again; the last run counts" for name in self.repeated),
        )

    @property
    def fullnames(self) -> tuple[str, ...]:
        """Of all benchmarks, with the damaged ones last."""
        results = (result.fullname for result in self.results)
        return (*results, *(one.fullname for one in self.damaged))
