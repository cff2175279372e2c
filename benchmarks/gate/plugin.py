"""A session of pytest-benchmark against a file: the verdicts, and pytest's exit status for them.

The hooks are in `_isthmus_pytest`, which imports this after the last benchmark.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from io import StringIO
from pathlib import Path
from shutil import get_terminal_size
from tempfile import TemporaryDirectory
from typing import Any

from rich.console import Console
from rich.text import Text

from isthmus.benchmarks.gate.outputs import to_terminal
from isthmus.benchmarks.gate.outputs.write import FORMATS, write
from isthmus.benchmarks.gate.rule import settings
from isthmus.benchmarks.gate.rule.noise import informed
from isthmus.benchmarks.gate.rule.verdict import Outcome
from isthmus.benchmarks.gate.stored.files import compare
from isthmus.errors import IsthmusError, NothingMeasured
from isthmus.reports import ResultFile, read
from isthmus.reports.outputs.terminal import WIDE

__all__ = ["Gated", "gated"]

TESTS_FAILED, USAGE_ERROR = 1, 4  # pytest.ExitCode
LABEL = "this session"
# Two sessions meet the machine at two times, and no statistics of theirs can tell.
BETTER = (
    "BASE was measured at another time; to measure both at once, in turns, and twice before "
    "anything counts as regressed: isthmus gate --against REVISION --pytest PATH"
)


@dataclass(frozen=True)
class Gated:
    """What came out, or why nothing did."""

    outcome: Outcome | None
    problem: str = ""

    @property
    def exit_code(self) -> int:
        """pytest's: 0 fine, 1 failed, 4 not comparable; never 0 for what was not compared."""
        if self.outcome is None or self.problem:
            return USAGE_ERROR
        return 0 if self.outcome.passed else TESTS_FAILED

    def text(self, coloured: bool) -> str:
        """As the terminal shows it."""
        written = StringIO()
        console = Console(
            file=written,
            width=get_terminal_size((WIDE, 0)).columns,
            force_terminal=coloured,
            soft_wrap=not coloured,
            highlight=False,
        )
        if self.outcome is not None:
            to_terminal.show(self.outcome, console)
            console.print(Text(BETTER, style="dim"))
        if self.problem:
            console.print(Text(self.problem, style="bold red"))
        return written.getvalue()


def gated(document: Mapping[str, Any], base: Path, root: Path, options: Mapping[str, Any]) -> Gated:
    """The session's document against BASE, under the settings of the project at `root`."""
    outcome = None
    try:
        outcome = judged(document, base, root, options)
        for name in FORMATS:
            if path := options.get(name):
                write(outcome, name, path)
    except IsthmusError as problem:
        return Gated(outcome, str(problem))
    return Gated(outcome)


def judged(
    document: Mapping[str, Any], base: Path, root: Path, options: Mapping[str, Any]
) -> Outcome:
    """Errors: those of `files.compare`, and NothingMeasured."""
    if not document["benchmarks"]:
        step = "a benchmark is a test that uses the fixture `benchmark`"
        raise NothingMeasured(f"{LABEL} measured no benchmark; {step}")
    asked = settings.load(root)
    if options["margin"] is not None:
        asked = replace(asked, margin=options["margin"])
    return compare(
        read(base),
        as_file(document),
        informed(asked),
        strict=options["strict"],
        allow_missing=options["allow-missing"],
        allow_different_machines=options["allow-different-machines"],
    )


def as_file(document: Mapping[str, Any]) -> ResultFile:
    """The document as `reports` reads it from a file."""
    with TemporaryDirectory(prefix="isthmus-gate-") as folder:
        path = Path(folder) / f"{LABEL}.json"
        # A parameter of a test may be anything; pytest-benchmark writes its repr, too.
        path.write_text(json.dumps(document, default=repr), encoding="utf-8")
        return replace(read(path), path=LABEL)
