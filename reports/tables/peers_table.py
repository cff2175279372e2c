"""Ours against every peer: rows workloads, columns peers, geometric means last."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from isthmus.reports.display import ABSENT, Cell, Facts, Table, facts, label, ratio_cell, split
from isthmus.reports.files.result import ResultFile
from isthmus.reports.files.variants import PEERS

from .missing import missing, reasons
from .peers import NOT_RUN, PeerRow, Versus, peer_rows

__all__ = ["peers_tables"]

SETTINGS = ("sequence", "batch", "precision", "threads")
DIRECTION = (
    "Median time of the peer / median time of {ours}, above 1 means that {ours} is faster; in "
    "brackets the 95 % interval over interleaved rounds. Same model, weights, inputs, threads and "
    "precision; outputs of both compared with the NumPy reference."
)


def peers_tables(rows: Sequence[PeerRow], files: Sequence[ResultFile]) -> tuple[Table, ...]:
    """A table per variant of ours; none where no peer was measured or is missing."""
    variants = dict.fromkeys(row.variant for row in rows)
    lines = _lacks(files)
    return tuple(
        _table([row for row in rows if row.variant == variant], variant, lines)
        for variant in variants
    )


def peers_table(files: Sequence[ResultFile]) -> tuple[Table, ...]:
    """The tables from the files alone."""
    return peers_tables(peer_rows(files), files)


def _lacks(files: Sequence[ResultFile]) -> tuple[str, ...]:
    return reasons(lack for _, lack in missing(files) if lack.variant in PEERS)


def _table(rows: Sequence[PeerRow], variant: str, lacks: Iterable[str]) -> Table:
    shared, varying = split([_facts(row) for row in rows if row.result])
    peers = [label(versus.peer) for versus in rows[0].versus]
    return Table(
        title=f"{label(variant)} against every peer",
        headers=tuple(map(Cell, ("workload", *peers, *varying))),
        rows=tuple(_cells(row, varying) for row in rows),
        left=1,
        strong=frozenset(at for at, row in enumerate(rows) if row.result is None),
        shared=shared,
        notes=(DIRECTION.format(ours=label(variant)), *_not_run(rows), *lacks),
    )


def _facts(row: PeerRow) -> Facts:
    return facts(row.result, SETTINGS) | {"machine": row.machine or ABSENT}


def _cells(row: PeerRow, varying: Sequence[str]) -> tuple[Cell, ...]:
    known = _facts(row) if row.result else {"machine": row.machine}
    settings = [Cell(known.get(name, "")) for name in varying]
    return (Cell(row.workload), *(_cell(row, versus) for versus in row.versus), *settings)


def _cell(row: PeerRow, versus: Versus) -> Cell:
    """A mean says over how many workloads it is."""
    text, detail = ratio_cell(versus.ratio, versus.note)
    over = f" of {versus.workloads}" if row.result is None and versus.ratio else ""
    return Cell(text, f"{detail}{over}")


def _not_run(rows: Sequence[PeerRow]) -> tuple[str, ...]:
    if not any(versus.note == NOT_RUN for row in rows for versus in row.versus):
        return ()
    return (f"{NOT_RUN.capitalize()}: not asked for with the settings of that row.",)
