"""How many times as fast ours is as each peer: median seconds of the peer / of ours."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from isthmus.reports.files.comparison import Index, indexed, setting, times_as_fast, unproven
from isthmus.reports.files.history.superseded import Place, superseded
from isthmus.reports.files.result import Result, ResultFile
from isthmus.reports.files.result_fields import SINGLE
from isthmus.reports.files.same_machine import Machine
from isthmus.reports.files.variants import PEERS
from isthmus.reports.stats.intervals import LogRatio, geometric_mean
from isthmus.system.extras import require

from .missing import missing
from .speedup import MISSING, mean_of
from .speedup_frame import interval_cells

if TYPE_CHECKING:
    import pandas

__all__ = ["NOT_RUN", "PeerRow", "Versus", "frame", "peer_rows"]

OURS = ("cpu", "gpu")
NOT_RUN = "not run"  # nobody asked for it, with these settings


Lack = tuple[Machine, str, str]  # where, the workload, the peer


@dataclass(frozen=True)
class Versus:
    """Ours against one peer: the ratio, or why there is none; `workloads` of a mean."""

    peer: str
    ratio: LogRatio | None
    note: str = ""
    workloads: int = 1


@dataclass(frozen=True)
class PeerRow:
    """One workload under one of ours, against every peer; a mean has no result."""

    workload: str
    variant: str
    machine: str
    result: Result | None
    versus: tuple[Versus, ...]


def peer_rows(files: Sequence[ResultFile]) -> tuple[PeerRow, ...]:
    """A row per workload of ours, then the geometric means; empty without a peer."""
    peers = _known(files)
    if not peers:
        return ()
    lacking = {
        (file.machine, lack.workload, lack.variant)
        for file, lack in missing(files)
        if lack.scenario == SINGLE
    }
    older = superseded(files)
    every: list[PeerRow] = []
    for variant in OURS:
        measured = [
            row
            for file in files
            for row in _of_file(file, variant, peers, lacking)
            if row.result and Place(file.path, row.result.fullname) not in older
        ]
        every += [*measured, *_means(measured, peers)]
    return tuple(every)


def frame(rows: Iterable[PeerRow]) -> pandas.DataFrame:
    """A tidy row per workload and peer; absent ratios empty, with the reason in `note`."""
    require("report", "pandas")
    import pandas

    return pandas.DataFrame(
        [_cells(row, versus) for row in rows for versus in row.versus], columns=list(COLUMNS)
    ).astype({"workloads": "Int64", "batch": "Int64", "threads": "Int64"})


def _known(files: Sequence[ResultFile]) -> tuple[str, ...]:
    """The peers that were measured or are missing, in the order of the columns."""
    seen = {result.variant for file in files for result in file.results if not result.origin}
    seen |= {lack.variant for _, lack in missing(files) if lack.scenario == SINGLE}
    return tuple(peer for peer in PEERS if peer in seen)


def _of_file(
    file: ResultFile, variant: str, peers: Sequence[str], lacking: set[Lack]
) -> list[PeerRow]:
    beside, machine = indexed(file), file.machine.cpu_model
    ours = [
        result
        for result in file.results
        if result.variant == variant and result.scenario == SINGLE and not result.origin
    ]
    absent = {(workload, peer) for where, workload, peer in lacking if where == file.machine}
    return [
        PeerRow(
            workload=result.workload,
            variant=variant,
            machine=machine,
            result=result,
            versus=tuple(_versus(beside, result, peer, absent) for peer in peers),
        )
        for result in ours
    ]


def _versus(beside: Index, ours: Result, peer: str, absent: set[tuple[str, str]]) -> Versus:
    other = beside.get((peer, setting(ours)))
    if other is None:
        return Versus(peer, None, MISSING if (ours.workload, peer) in absent else NOT_RUN)
    if note := unproven(ours) or unproven(other):
        return Versus(peer, None, note)
    return Versus(peer, times_as_fast(other, ours))


def _means(measured: Sequence[PeerRow], peers: Sequence[str]) -> list[PeerRow]:
    """A geometric mean over each group of workloads with like settings."""
    groups: dict[tuple[object, ...], list[PeerRow]] = {}
    for row in measured:
        if row.result:
            same = (row.machine, row.result.precision, row.result.threads, row.result.batch)
            groups.setdefault(same, []).append(row)
    return [
        PeerRow(
            mean_of(group[0].result),
            group[0].variant,
            group[0].machine,
            None,
            tuple(_mean(group, at, peer) for at, peer in enumerate(peers)),
        )
        for group in groups.values()
        if len(group) > 1
    ]


def _mean(group: Sequence[PeerRow], at: int, peer: str) -> Versus:
    """Over those workloads of the group that have a ratio."""
    ratios = [row.versus[at].ratio for row in group]
    known = [ratio for ratio in ratios if ratio is not None]
    if not known:
        return Versus(peer, None, group[0].versus[at].note, 0)
    return Versus(peer, geometric_mean(known), "", len(known))


def _cells(row: PeerRow, versus: Versus) -> dict[str, object]:
    about = {"workload": row.workload, "variant": row.variant, "peer": versus.peer}
    about |= {"note": versus.note, "machine": row.machine}
    method = versus.ratio.method if versus.ratio else ""
    ratio = interval_cells(versus.ratio, "times_as_fast")
    cells: dict[str, object] = about | ratio | {"method": method}
    if row.result is None:
        return cells | {"workloads": versus.workloads}
    kept = ("batch", "sequence", "precision", "threads", "file")
    return cells | {name: getattr(row.result, name) for name in kept}


COLUMNS = (
    "workload",
    "variant",
    "peer",
    "batch",
    "sequence",
    "precision",
    "threads",
    "times_as_fast",
    "times_as_fast_low",
    "times_as_fast_high",
    "note",
    "workloads",
    "method",
    "machine",
    "file",
)
