"""What the plots draw: the newest result of each kind, and a title that tells panels apart."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Protocol, TypeVar

from isthmus.reports.display import Facts
from isthmus.reports.files.history.superseded import current
from isthmus.reports.files.result import Result, ResultFile
from isthmus.reports.files.result_fields import SINGLE

__all__ = [
    "MOST_LINES",
    "MOST_PANELS",
    "Point",
    "by_title",
    "few",
    "grouped",
    "latest",
    "points",
    "setting",
    "titles",
    "tokens",
    "variants",
]

# A picture of more is not looked at: the tables have all.
MOST_PANELS = 12
MOST_LINES = 24

Thing = TypeVar("Thing")
Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, eq=False)
class Point:
    """A result and the file that it is in."""

    file: ResultFile
    result: Result

    @property
    def machine(self) -> str:
        """The processor, and the accelerator where there is one."""
        machine = self.file.machine
        return " + ".join(name for name in (machine.cpu_model, machine.gpu) if name)


def points(files: Sequence[ResultFile]) -> list[Point]:
    """Every result of every file."""
    return [Point(file, result) for file in files for result in file.results]


def latest(files: Sequence[ResultFile]) -> list[Point]:
    """Every result that no newer file of the same machine holds too."""
    return points(current(files))


class Setting(Protocol):
    """What a latency or a dollar depends on, beside the workload and the variant."""

    @property
    def scenario(self) -> str: ...
    @property
    def batch(self) -> int | None: ...
    @property
    def sequence(self) -> int | str | None: ...
    @property
    def precision(self) -> str: ...
    @property
    def threads(self) -> int | None: ...


def setting(of: Setting, machine: str = "") -> Facts:
    """The setting in words; what does not apply is empty."""
    return {
        "scenario": "" if of.scenario == SINGLE else of.scenario,
        "batch": f"batch {of.batch}" if of.batch else "",
        "sequence": tokens(of.sequence),
        "precision": of.precision,
        "threads": f"{of.threads} threads" if of.threads else "",
        "machine": machine,
    }


def tokens(sequence: int | str | None) -> str:
    """`128 tokens`, `real texts`, or nothing for a model that takes none."""
    if isinstance(sequence, str):
        return f"real {sequence}"
    return f"{sequence} tokens" if sequence else ""


def titles(named: Sequence[tuple[str, Facts]]) -> list[str]:
    """A title each: the name, and those of its facts that differ among things of that name."""
    alike = grouped((facts for _, facts in named), [name for name, _ in named])
    varying = {name: _varying(every) for name, every in alike.items()}
    return [
        ", ".join([name, *(fact for at, fact in facts.items() if fact and at in varying[name])])
        for name, facts in named
    ]


def grouped(things: Iterable[Thing], keys: Iterable[Key]) -> dict[Key, list[Thing]]:
    """The things of each key, in the order in which they came."""
    groups: dict[Key, list[Thing]] = {}
    for thing, key in zip(things, keys, strict=True):
        groups.setdefault(key, []).append(thing)
    return groups


def few(
    groups: Mapping[Key, Sequence[Thing]], line: Callable[[Thing], Hashable]
) -> tuple[dict[Key, list[Thing]], int]:
    """The first groups and of each the first lines, as many as a picture has room for; and how
    many things are left out. line: which of a panel's lines, or bars, a thing is of."""
    kept: dict[Key, list[Thing]] = {}
    for key, things in islice(groups.items(), MOST_PANELS):
        lines = set(islice(dict.fromkeys(map(line, things)), MOST_LINES))
        kept[key] = [thing for thing in things if line(thing) in lines]
    return kept, sum(map(len, groups.values())) - sum(map(len, kept.values()))


def by_title(points: Sequence[Point]) -> dict[str, list[Point]]:
    """The points of each workload, apart where their settings or machines differ."""
    named = [(point.result.workload, setting(point.result, point.machine)) for point in points]
    return grouped(points, titles(named))


def variants(points: Iterable[Point]) -> list[str]:
    """The distinct variants, in the order in which they came."""
    return list(dict.fromkeys(point.result.variant for point in points))


def _varying(every: Sequence[Facts]) -> set[str]:
    return {fact for fact in every[0] if len({facts[fact] for facts in every}) > 1}
