"""`isthmus bench`: measure workloads on every variant, side by side."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple

import typer

from isthmus.errors import UsageError
from isthmus.system.extras import require
from isthmus.system.files import try_folder

from .outputs import check_outputs
from .show import say, spinner, steps

if TYPE_CHECKING:
    from isthmus.benchmarks.harness.plan import Cell, Plan, Scenario

__all__ = ["bench"]

Names = list[str] | None
ROUNDS = {"quick": 5, "full": 3, "fast": 3, "custom": 5}
SECONDS = {"quick": 1.0, "full": 0.5, "fast": 0.5, "custom": 1.0}
SCALED = ("cpu", "onnxruntime-cpu")  # whose processes are put side by side unless others are named
BUDGET_ROUNDS = 20  # the most that a budget is spent on


def bench(
    targets: Annotated[
        Names,
        typer.Argument(
            metavar="[MODEL]...", help="Your own: model.onnx, model.xml or package.module:net."
        ),
    ] = None,
    shape: Annotated[
        Names, typer.Option(help="Shape of an input of yours: NAME[:DTYPE]=1,3,224,224.")
    ] = None,
    workload: Annotated[
        Names, typer.Option(help="Only this workload; repeat for several: bert-base-128-b8.")
    ] = None,
    variant: Annotated[Names, typer.Option(help="Only this variant; repeat for several.")] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Three workloads; the default.")] = False,
    full: Annotated[
        bool, typer.Option("--full", help="All workloads, scenarios and peers (`make peers`).")
    ] = False,
    fast: Annotated[
        bool, typer.Option("--fast", help="Four models in every precision, on ours and on peers.")
    ] = False,
    budget: Annotated[
        str | None, typer.Option(help="Time for the whole run, such as 10m; rounds follow.")
    ] = None,
    rounds: Annotated[
        int | None, typer.Option(help="Processes of each variant; default 5; --full, --fast: 3.")
    ] = None,
    seconds: Annotated[
        float | None,
        typer.Option(help="Seconds of timed calls in a process: 1; --full, --fast: 0.5."),
    ] = None,
    threads: Annotated[
        int | None, typer.Option(help="Threads of every variant; default: what may be used.")
    ] = None,
    scenario: Annotated[
        Names, typer.Option(help="single-stream, multi-stream, server or offline; repeat.")
    ] = None,
    scaling: Annotated[
        str | None,
        typer.Option(
            help="Instead: so many processes of one thread side by side, such as 1,2; how calls a "
            "second grow."
        ),
    ] = None,
    rate: Annotated[
        float | None, typer.Option(help="Requests/s of the server scenario; else searched.")
    ] = None,
    p99_ms: Annotated[
        float | None, typer.Option(help="Bound of the server's 99th percentile.")
    ] = None,
    endpoint: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="A server that has the model (`isthmus serve`) as variant `endpoint`.",
        ),
    ] = None,
    output: Annotated[
        Path | None, typer.Option(help="The result file; default: results/TIME.json.")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the --output of a run that was stopped.")
    ] = False,
    report: Annotated[bool, typer.Option(help="Write and print the report as well.")] = True,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result file as JSON.")] = False,
) -> None:
    """Measure models on real input, on every variant, with the same threads.

    Every round starts each variant in a fresh process, in alternating order; each variant's
    outputs are compared with NumPy's. What is not installed is reported as missing.

    Example: isthmus bench model.onnx --shape x=1,3,224,224 --variant numpy --variant cpu
    """
    _check(rounds, seconds, threads)
    given = {"--scenario": scenario, "--threads": threads, "--endpoint": endpoint}
    if scaling is not None and (named := ", ".join(name for name in given if given[name])):
        raise UsageError(f"--scaling has a scenario of its own, of one thread each; leave {named}")
    if resume and output is None:
        raise UsageError("--resume: which file? name it: --output FILE")
    require("bench")
    path = output or Path("results") / f"{datetime.now(UTC):%Y%m%d-%H%M%S}.json"
    check_outputs({"--output": path}, targets or [], role="measured", makes_folders=True)
    if report and not as_json:
        try_folder(_folder(path))
    plan = _plan(
        Asked(
            *(targets or [], shape or [], workload or [], variant or []),
            *(quick, full, fast),
            *(endpoint, scaling),
        ),
        _scenarios(scenario or [], rate, p99_ms),
        Extent(rounds, seconds, threads, budget),
    )
    _run(plan, path, resume)
    if as_json:
        say(json.dumps(json.loads(path.read_text(encoding="utf-8"))))
    elif report:
        _report(path)


class Asked(NamedTuple):
    """What to measure, as the command line names it."""

    targets: list[str]
    shapes: list[str]
    workloads: list[str]
    variants: list[str]
    quick: bool
    full: bool
    fast: bool
    endpoint: str | None = None
    scaling: str | None = None

    @property
    def kind(self) -> Literal["quick", "full", "fast", "custom"]:
        """Which plan: "quick" where nothing else is named. UsageError for two at once."""
        named = [name for name, given in self._named().items() if given]
        if len(named) > 1 and set(named) != {"MODEL", "--workload"}:
            raise UsageError(f"{' and '.join(named)} exclude each other; give one of them")
        if self.full or self.fast:
            return "full" if self.full else "fast"
        return "custom" if named and not self.quick else "quick"

    def _named(self) -> dict[str, bool]:
        return {
            "--quick": self.quick,
            "--full": self.full,
            "--fast": self.fast,
            "--scaling": bool(self.scaling and (self.full or self.fast)),
            "MODEL": bool(self.targets),
            "--workload": bool(self.workloads),
        }

    @property
    def names_variants(self) -> bool:
        """Whether it says itself what measures, so that no plan does."""
        return bool(self.variants) or self.endpoint is not None


class Extent(NamedTuple):
    """How much of it."""

    rounds: int | None
    seconds: float | None
    threads: int | None
    budget: str | None


def _check(rounds: int | None, seconds: float | None, threads: int | None) -> None:
    if rounds is not None and rounds < 1:
        raise UsageError(f"--rounds {rounds}: give 1 or more; 4 or more for a useful interval")
    if seconds is not None and not 0 < seconds < 3600:
        raise UsageError(f"--seconds {seconds}: give a number above 0 and below 3600")
    if threads is not None and threads < 1:
        raise UsageError(f"--threads {threads}: give 1 or more")


def _scenarios(names: list[str], rate: float | None, p99_ms: float | None) -> list[Scenario]:
    from isthmus.benchmarks.harness.plan import SINGLE_STREAM, scenario_of

    if "server" not in names and (rate, p99_ms) != (None, None):
        option = "--rate" if p99_ms is None else "--p99-ms"
        raise UsageError(f"{option} is of the server scenario; add --scenario server")
    return [scenario_of(name, rate, p99_ms) for name in names or [SINGLE_STREAM]]


def _plan(asked: Asked, scenarios: list[Scenario], extent: Extent) -> Plan:
    from isthmus.benchmarks.harness.plan import Plan, crossed, seconds_of
    from isthmus.system.threads import available_threads

    named = _scaling(asked) if asked.scaling is not None else None
    if named is None and not asked.names_variants:
        named = _named_plan(asked.kind)
    cells = named or crossed(_workloads(asked), _variants(asked), scenarios)
    usual = ROUNDS[asked.kind] if extent.budget is None else BUDGET_ROUNDS
    return Plan(
        cells,
        usual if extent.rounds is None else extent.rounds,
        SECONDS[asked.kind] if extent.seconds is None else extent.seconds,
        extent.threads or available_threads(),
        None if extent.budget is None else seconds_of(extent.budget),
        asked.kind,
    )


def _scaling(asked: Asked) -> tuple[Cell, ...]:
    """The same work by several numbers of processes."""
    from isthmus.benchmarks.harness import variants
    from isthmus.benchmarks.harness.copies import counts_of
    from isthmus.benchmarks.harness.plan import scaling_cells

    counts = counts_of(asked.scaling or "")
    on = variants.find(asked.variants or list(SCALED))
    return scaling_cells(_workloads(asked), on, counts)


def _named_plan(kind: str) -> tuple[Cell, ...] | None:
    """The cells of a plan that names workloads and variants; None where the user does."""
    from isthmus.benchmarks.harness.plan import fast_cells, full_cells

    plans = {"full": full_cells, "fast": fast_cells}
    return plans[kind]() if kind in plans else None


def _workloads(asked: Asked) -> list[Any]:
    from isthmus.benchmarks.work import foreign, workloads

    if asked.shapes and not asked.targets:
        raise UsageError("--shape is for a model of yours; name it: isthmus bench model.onnx")
    own = [foreign.workload_of(target, asked.shapes) for target in asked.targets]
    if asked.kind in ("full", "fast"):
        cells = _named_plan(asked.kind) or ()
        return list({cell.workload.name: cell.workload for cell in cells}.values())
    if own and not asked.workloads:
        return own
    return own + workloads.find(asked.workloads or list(workloads.QUICK))


def _variants(asked: Asked) -> list[Any]:
    from isthmus.benchmarks.harness import variants

    if asked.endpoint is None:
        if variants.ENDPOINT in asked.variants:
            raise UsageError("--variant endpoint: which? give its address: --endpoint URL")
        return variants.find(asked.variants)
    others = [name for name in asked.variants if name != variants.ENDPOINT]
    known = variants.find(others) if others or not asked.variants else []
    return [*known, variants.endpoint(asked.endpoint)]


def _run(plan: Plan, path: Path, resume: bool) -> None:
    """Measure behind a progress bar; Ctrl-C keeps the rounds that are written, and says so."""
    from isthmus.benchmarks.harness.bench import run_bench
    from isthmus.benchmarks.harness.resume import earlier

    if resume:
        earlier(plan, path)  # what is wrong with the file is said before anything else
    say(
        f"{plan.processes} processes at most, {plan.threads} threads each, "
        f"{plan.rounds} rounds, in each of which they take turns; {path} after every round",
        err=True,
    )
    try:
        with steps() as show:
            run_bench(plan, path, show, resume=resume)
    except KeyboardInterrupt:
        kept = f"kept in {path}" if path.exists() else "nothing was measured yet"
        say(f"interrupted; {kept}", err=True)
        raise


def _folder(path: Path) -> Path:
    """Of the report: named as the result file is, beside it."""
    return path.with_suffix("") if path.suffix else path.with_name(f"{path.name}-report")


def _report(path: Path) -> None:
    """Printed first, then written."""
    from isthmus.reports import content
    from isthmus.reports.outputs import report_files, terminal

    with spinner("working out tables"):
        found = content.build_report([path])
    terminal.show(found, terminal.console())
    say(f"\nresult  {path}")
    sys.stdout.flush()
    with spinner("drawing plots"):
        written = report_files.write(found, _folder(path))
    for place in written:
        say(f"{_KINDS.get(place.suffix, 'table'):7} {place}")


_KINDS = {".html": "page", ".md": "text", ".svg": "plot", ".png": "plot", ".csv": "table"}
