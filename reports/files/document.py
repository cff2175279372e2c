"""A file as a pytest-benchmark document, or one line that says what it is instead."""

from __future__ import annotations

import json
import os
import re
import stat
from collections import Counter
from functools import partial
from io import BytesIO, FileIO, TextIOWrapper
from pathlib import Path
from select import select
from typing import Any

import msgspec

from .checks import fail, shown

__all__ = ["NOT_OURS", "document_of", "json_of", "text_of"]

MOST_MIB = 256  # of text: some ten million times
SILENCE_SECONDS = 30.0  # that a pipe may keep its reader waiting
NOT_OURS = (
    "give a file written by `isthmus bench` or `pytest --benchmark-json`, or a report of "
    "benchmark_app or onnxruntime_perf_test"
)

NESTED = (dict, list)
_NAME = re.compile(r'"\s*:')  # the end of a name; in a text it may look like one, too


def text_of(path: Path) -> str:
    """The text of a file or a pipe; `FileError` where it has none, or no end."""
    try:
        return TextIOWrapper(BytesIO(_content(path)), "utf-8-sig").read()
    except OSError as error:
        fail(str(path), error.strerror or str(error), NOT_OURS)
    except ValueError:
        fail(str(path), "is not a text file", NOT_OURS)


def _content(path: Path) -> bytes:
    content = bytearray()
    # Without O_NONBLOCK, opening a pipe lasts until somebody writes into it.
    with open(path, "rb", buffering=0, opener=_without_waiting) as file:
        while piece := _piece(file):
            content += piece
            if len(content) > MOST_MIB << 20:
                fail(str(path), f"has more than {MOST_MIB} MiB", "measure less into one file")
    return bytes(content)


def _without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _piece(file: FileIO) -> bytes:
    """The next bytes; none at the end."""
    kind = os.fstat(file.fileno()).st_mode
    if not stat.S_ISFIFO(kind) and not stat.S_ISREG(kind):
        raise OSError(0, "neither a file nor a pipe")
    if stat.S_ISFIFO(kind) and not select([file], [], [], SILENCE_SECONDS)[0]:
        raise OSError(0, f"nothing came out of this pipe for {SILENCE_SECONDS:g} s")
    return file.read(1 << 20) or b""


def document_of(path: str, content: str) -> dict[str, Any]:
    """The file's top level, with its list `benchmarks` and its dictionary `machine_info`."""
    document = json_of(path, content)
    if not isinstance(document, dict) or not isinstance(document.get("benchmarks"), list):
        fail(path, "is not in pytest-benchmark's format (no list `benchmarks`)", NOT_OURS)
    if not isinstance(document.get("machine_info"), dict):
        fail(path, "is not in pytest-benchmark's format (no `machine_info`)", NOT_OURS)
    return document


def json_of(path: str, content: str) -> object:
    """The parsed text; `FileError` says where it breaks off, or which name is there twice.

    msgspec takes an eighth of the time of Python's own reader, which knows NaN and says more of
    what is wrong.
    """
    try:
        found = msgspec.json.decode(content)
    except msgspec.DecodeError:
        return _by_python(path, content)
    # Of two equal names msgspec keeps one: then there are fewer names than in the text.
    return found if _names(found) == len(_NAME.findall(content)) else _by_python(path, content)


def _names(value: Any) -> int:
    """How many names of objects are inside, at least: lists of times and texts have none."""
    count, inner = 0, [value]
    while inner:
        one = inner.pop()
        if type(one) is dict:
            count += len(one)
            inner += [each for each in one.values() if type(each) in NESTED]
        elif type(one) is list and one and type(one[0]) in NESTED:
            inner += one
    return count


def _by_python(path: str, content: str) -> object:
    try:
        return json.loads(content, object_pairs_hook=partial(_object, path))
    except json.JSONDecodeError as error:
        fail(path, _syntax(content, error), NOT_OURS)
    except ValueError:
        fail(path, "holds a number of thousands of digits", NOT_OURS)


def _object(path: str, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Of keys that differ: which of two alike is meant nobody knows."""
    found = dict(pairs)
    if len(found) < len(pairs):
        ((name, _),) = Counter(name for name, _ in pairs).most_common(1)
        fail(path, f"has {shown(name)} twice in one object", "correct it, or measure again")
    return found


def _syntax(content: str, error: json.JSONDecodeError) -> str:
    cut = error.pos >= len(content.rstrip()) or error.msg.startswith("Unterminated")
    kind = "is truncated" if cut else "is not JSON"
    return f"{kind} (line {error.lineno}, column {error.colno})"
