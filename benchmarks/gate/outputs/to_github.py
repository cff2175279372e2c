"""The outcome to GitHub Actions: annotations, the step's summary, the step's outputs.

GitHub makes annotations of the first 10 errors, 10 warnings and 10 notices of a step, and cuts a
message at 4,096 characters, which none of these reaches. It refuses a summary above 1 MiB, whoever
wrote the first part of it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from isthmus.benchmarks.gate.rule.verdict import Outcome
from isthmus.errors import FileError
from isthmus.reports.files.checks import clean

from .to_markdown import comment
from .to_text import Level, clipped, headline, level, line, title, warnings

__all__ = ["is_inside", "say"]

ANNOTATIONS = 10
SUMMARY = 1_048_576 - 2  # bytes; some have seen the limit itself refused
COMMANDS: Mapping[Level, str] = {"error": "error", "warning": "warning", "note": "notice"}


class Note(NamedTuple):
    """An annotation; `place` is the file it belongs to, "" for none."""

    title: str
    message: str
    place: str = ""


def is_inside() -> bool:
    """True in a step of GitHub Actions."""
    return os.environ.get("GITHUB_ACTIONS") == "true"


def say(outcome: Outcome) -> None:
    """Print the commands, and append to the summary and the outputs where Actions names them.

    On standard error, which Actions reads as well, so that --json stays JSON. Errors: `FileError`
    where one of the two files cannot be written.
    """
    for command in commands(outcome):
        print(command, file=sys.stderr)
    if summary := os.environ.get("GITHUB_STEP_SUMMARY"):
        append_summary(outcome, Path(summary))
    if outputs := os.environ.get("GITHUB_OUTPUT"):
        _append(Path(outputs), f"headline={headline(outcome)}\n")


def commands(outcome: Outcome) -> list[str]:
    """A line for each annotation; the last of those GitHub shows says how many it would not."""
    return [_command(at, note) for at in COMMANDS for note in _capped(list(_notes(outcome, at)))]


def append_summary(outcome: Outcome, path: Path) -> None:
    """As much of the Markdown as the summary has room for; nothing where it has none."""
    used = path.stat().st_size if path.exists() else 0
    text = comment(outcome, limit=SUMMARY - used - 1)
    if text:
        _append(path, f"\n{text}")


def _append(path: Path, text: str) -> None:
    try:
        with path.open("a", encoding="utf-8") as file:
            file.write(text)
    except OSError as problem:
        step = "pass --no-github, or unset GITHUB_STEP_SUMMARY and GITHUB_OUTPUT"
        raise FileError(f"{path}: cannot be written ({problem.strerror}); {step}") from None


def _notes(outcome: Outcome, at: Level) -> Iterator[Note]:
    if at == "warning":
        yield from (Note("isthmus gate", text) for text in warnings(outcome))
    for verdict in outcome.gravest_first():
        if level(verdict, outcome.strict) == at:
            what = clipped(f"{title(verdict.metric)} {verdict.kind}".strip())
            yield Note(what, line(verdict), clean(verdict.place))


def _capped(notes: Sequence[Note]) -> Sequence[Note]:
    """The first of them; the last says how many more there are."""
    left = len(notes) - ANNOTATIONS
    if left <= 0:
        return notes
    last = notes[ANNOTATIONS - 1]
    more = f"{last.message} (and {left:,} more: see the summary)"
    return [*notes[: ANNOTATIONS - 1], last._replace(message=more)]


def _command(at: Level, note: Note) -> str:
    """`::error file=...,line=1,title=...::message`; the line of a benchmark is not known."""
    where = {"file": note.place, "line": "1"} if note.place else {}
    told = {**where, "title": note.title}
    properties = ",".join(f"{name}={_property(value)}" for name, value in told.items())
    return f"::{COMMANDS[at]} {properties}::{_message(note.message)}"


def _message(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _message(text).replace(":", "%3A").replace(",", "%2C")
