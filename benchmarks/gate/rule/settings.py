"""What a project asks of the gate: the table `tool.isthmus.gate` of its pyproject.toml.

    [tool.isthmus.gate]
    margin = 0.05                        # the smallest change that counts, as a share
    metrics = ["latency_p50_ms", "peak_memory_mib", "parity"]
    budget = "5m"
    history = "benchmarks/history"       # a folder, from where the file is
    usd_per_hour = 0.17                  # where the machine is not in the list of prices
    floor = { peak_memory_mib = 0.02 }   # no margin is taken below the noise
    lone_margin = 0.4                    # of files with fewer than 3 processes a side
    control = "*[openvino-by-hand]"      # what no change of the project touches

    [tool.isthmus.gate.benchmarks."*::test_parse[*]"]
    margin = { latency_p50_ms = 0.03, peak_memory_mib = 0.1 }   # or one for all: 0.03
    metrics = ["latency_p50_ms", "peak_memory_mib"]

    [tool.isthmus.gate.benchmarks."*::test_network"]
    skip = true

A pattern is matched against a benchmark's full name: `*` is any text, `?` any character, brackets
are brackets. The first that matches counts, in the order of the file.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from isthmus.errors import FileError
from isthmus.reports.files.checks import clean, shown

from . import settings_checks as checks
from .metrics import LATENCY, METRICS, TIMED
from .settings_checks import EVERY, Keys, share
from .terms import Terms

__all__ = ["DEFAULT_METRICS", "Rule", "Settings", "load", "share"]

DEFAULT_METRICS = ("latency_p50_ms", "peak_memory_mib", "parity")
FILE = "pyproject.toml"
TABLE = "tool.isthmus.gate"
# Files of equals, a process each, on shared machines: ratios to 1.55, and the speed of a machine
# itself moves by a factor of 1.6 (docs/measurement.md).
LONE = 0.6
LEAST_LONE = 0.25  # small tests differ between processes by what a self-test's networks do not show


def matches(pattern: str, benchmark: str) -> bool:
    """Brackets are in many names, and stand for themselves."""
    return fnmatchcase(benchmark, pattern.replace("[", "[[]"))


@dataclass(frozen=True)
class Rule:
    """What is asked for the benchmarks that a pattern names; what is absent is as for all."""

    pattern: str
    margins: Mapping[str, float] = field(default_factory=dict)
    metrics: tuple[str, ...] | None = None
    skip: bool = False

    def matches(self, benchmark: str) -> bool:
        return matches(self.pattern, benchmark)


@dataclass(frozen=True)
class Settings:
    """margin: a share between 0 and 1; UsageError for any other. where: the file that said so.

    control: a pattern for benchmarks of result files that no change touches; "" is every peer.
    lone_margin: how processes differ is not in the times of one; of fewer than three on a side
    less than this is not believed. None where the project does not say: `lone`.

    No margin is taken below the noise: `floors` by metric as the project knows them, `floor` of
    all that calls are timed for, as the self-test found it on this machine; `between`, how far
    apart it found two processes of the same work there.
    """

    margin: float = 0.05
    metrics: tuple[str, ...] = DEFAULT_METRICS
    budget: str = "5m"
    history: Path | None = None
    usd_per_hour: float | None = None
    floors: Mapping[str, float] = field(default_factory=dict)
    floor: float | None = None
    between: float | None = None
    lone_margin: float | None = None
    control: str = ""
    rules: tuple[Rule, ...] = ()
    where: str = ""

    def __post_init__(self) -> None:
        share("margin", self.margin)
        if self.lone_margin is not None:
            share("lone_margin", self.lone_margin)

    @property
    def lone(self) -> float:
        """What is believed of one process a side: as the project says, as the self-test found, or
        a floor that holds what two processes of the same code were seen to differ by."""
        if self.lone_margin is not None:
            return self.lone_margin
        return LONE if self.between is None else max(LEAST_LONE, self.between)

    def terms_of(self, benchmark: str) -> Terms:
        """All that is asked of a benchmark; nothing else needs the settings and its name."""
        rule = next((one for one in self.rules if one.matches(benchmark)), Rule(benchmark))
        usual = rule.margins.get(EVERY, self.margin)
        asked = {metric: rule.margins.get(metric, usual) for metric in METRICS}
        metrics = self.metrics if rule.metrics is None else rule.metrics
        return Terms(
            metrics=() if rule.skip else metrics,
            asked=asked,
            margins={metric: max(margin, self._noise(metric)) for metric, margin in asked.items()},
            lone_margin=self.lone,
            skip=rule.skip,
            control=matches(self.control, benchmark) if self.control else None,
            usd_per_hour=self.usd_per_hour,
        )

    @property
    def control_terms(self) -> Terms:
        """Of a benchmark that no change touches: its median latency, by the project's margin."""
        name, margin = LATENCY.name, self.margin
        return Terms((name,), {name: margin}, {name: margin}, self.lone)

    def _noise(self, metric: str) -> float:
        measured = self.floor if metric in TIMED else None
        return max(self.floors.get(metric, 0.0), measured or 0.0)

    def unused(self, benchmarks: Iterable[str]) -> tuple[str, ...]:
        """A line for each pattern that names none of the benchmarks."""
        names = list(benchmarks)
        return tuple(
            clean(f"{self.where}: {TABLE}.benchmarks.{shown(rule.pattern)} matches no benchmark")
            for rule in self.rules
            if not any(map(rule.matches, names))
        )


def load(start: Path | None = None) -> Settings:
    """From the nearest pyproject.toml, here or above; the usual ones without it or its table.

    Errors: `FileError` for a file that is no TOML, `UsageError` that names a key.
    """
    folder = (start or Path.cwd()).resolve()
    for place in (folder, *folder.parents):
        if (path := place / FILE).is_file():
            return _settings(path, _parsed(path))
    return Settings()


def _parsed(path: Path) -> Mapping[str, Any]:
    try:
        with path.open("rb") as file:
            return tomllib.load(file)
    except OSError as error:
        raise FileError(clean(f"{path}: {error.strerror}; make it readable")) from None
    except (ValueError, RecursionError) as error:  # bad TOML, and text that is not UTF-8
        raise FileError(clean(f"{path}: is not TOML ({error}); correct it")) from None


def _settings(path: Path, document: Mapping[str, Any]) -> Settings:
    table, names = document, TABLE.split(".")
    for at, name in enumerate(names, start=1):
        table = checks.table(f"{path}: {'.'.join(names[:at])}", table.get(name, {}))
    given = checks.read(f"{path}: {TABLE}", table, KEYS)
    if "history" in given:
        given["history"] = path.parent / given["history"]
    return Settings(**given, where=str(path))


def _rules(where: str, value: Any) -> tuple[Rule, ...]:
    return tuple(
        Rule(pattern, **checks.read(at, checks.table(at, table), RULE_KEYS))
        for pattern, table in checks.table(where, value).items()
        for at in [f"{where}.{shown(pattern)}"]
    )


KEYS: Keys = {
    "margin": ("margin", share),
    "metrics": ("metrics", checks.metric_names),
    "budget": ("budget", checks.time),
    "history": ("history", checks.folder),
    "usd_per_hour": ("usd_per_hour", checks.price),
    "floor": ("floors", checks.by_metric(checks.noise)),
    "lone_margin": ("lone_margin", share),
    "control": ("control", checks.pattern),
    "benchmarks": ("rules", _rules),
}
RULE_KEYS: Keys = {
    "margin": ("margins", checks.margins),
    "metrics": ("metrics", checks.metric_names),
    "skip": ("skip", checks.flag),
}
