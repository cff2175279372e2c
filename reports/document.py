"""A file as a pytest-benchmark document, or one line that says what it is instead."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from isthmus.errors import FileError

from .checks import clean, fail

NOT_OURS = (
    "give a file written by `isthmus bench` or `pytest --benchmark-json`, or the output of "
    "benchmark_app or onnxruntime_perf_test"
)


def text_of(path: Path) -> str:
    """The file's text; `FileError` where it has none."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise FileError(clean(f"{path}: {error.strerror or error}; {NOT_OURS}")) from None
    except ValueError:
        fail(str(path), "is not a text file", NOT_OURS)


def document_of(path: str, content: str) -> dict[str, Any]:
    """The file's top level, with its list `benchmarks` and its dictionary `machine_info`."""
    document = json_of(path, content)
    if not isinstance(document, dict) or not isinstance(document.get("benchmarks"), list):
        fail(path, "is not in pytest-benchmark's format (no list `benchmarks`)", NOT_OURS)
    if not isinstance(document.get("machine_info"), dict):
        fail(path, "is not in pytest-benchmark's format (no `machine_info`)", NOT_OURS)
    return document


def json_of(path: str, content: str) -> object:
    """The parsed text; `FileError` says where it breaks off."""
    try:
        return json.loads(content)
    except json.JSONDecodeError as error:
        fail(path, _syntax(content, error), NOT_OURS)
    except ValueError:
        fail(path, "holds a number of thousands of digits", NOT_OURS)


def _syntax(content: str, error: json.JSONDecodeError) -> str:
    cut = error.pos >= len(content.rstrip()) or error.msg.startswith("Unterminated")
    kind = "is truncated" if cut else "is not JSON"
    return f"{kind} (line {error.lineno}, column {error.colno})"
