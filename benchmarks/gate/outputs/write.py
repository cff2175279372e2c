"""The outcome as a file, in a format by its name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from isthmus.benchmarks.gate.rule.verdict import Outcome
from isthmus.errors import FileError
from isthmus.system import files

from . import to_json, to_junit, to_markdown, to_page, to_sarif

__all__ = ["FORMATS", "write"]

FORMATS: Mapping[str, Callable[[Outcome], str]] = {
    "json": to_json.text_of,
    "junit": to_junit.text_of,
    "sarif": to_sarif.text_of,
    "html": to_page.page,
    "markdown": to_markdown.comment,
}


def write(outcome: Outcome, name: str, path: Path) -> None:
    """Write the format of this name; `FileError` where it cannot be written."""
    text = FORMATS[name](outcome)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        files.write_text(path, text)
    except OSError as problem:
        reason = problem.strerror or str(problem)
        raise FileError(f"{path}: cannot be written ({reason}); name another file") from None
