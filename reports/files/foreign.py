"""Results of other tools in the same tables: which tool wrote a file, and its one result.

They say neither which machine nor whether the outputs are right, so that they have a latency and
no speedup. A latency under several requests at once is another scenario than one call after
another, and is never compared with it. What a tool prints for people changes from version to
version, so only the files that it writes are read.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from . import foreign_benchmark_app, foreign_perf_test
from .checks import fail
from .foreign_names import Names
from .result import Result, ResultFile
from .same_machine import machine_of

__all__ = ["read", "recognised", "refuse_printed"]


class Tool(NamedTuple):
    """A kind of file: does a text look like it, and the result it holds."""

    looks_like: Callable[[str], bool]
    result: Callable[[str, str], Result]


TOOLS = (
    Tool(foreign_benchmark_app.is_json, foreign_benchmark_app.of_json),
    Tool(foreign_benchmark_app.is_csv, foreign_benchmark_app.of_csv),
    Tool(foreign_perf_test.is_table, foreign_perf_test.of_table),
)
# By tool: a line of what it prints, and how it writes a file instead.
PRINTED = {
    foreign_benchmark_app.TOOL: (
        r"^\[Step \d+/11\]",
        "run it with -report_type no_counters -json_stats, and give its benchmark_report.json",
    ),
    foreign_perf_test.TOOL: (
        r"^[ \t]*(Session creation|Average|Total)( inference)? time cost",
        "name a result file after the model in its command line, and give that file",
    ),
}
LONGEST_START = 1 << 16  # characters in which a printed text shows what it is


def recognised(content: str) -> Tool | None:
    """The tool that wrote it, or None."""
    return next((tool for tool in TOOLS if tool.looks_like(content)), None)


def read(path: str, tool: Tool, content: str, names: Names) -> ResultFile:
    """The file as one of one result; `FileError` where it does not hold a median."""
    result = names.given(tool.result(path, content))
    return ResultFile(path, machine_of({}), "", "", (result,))


def refuse_printed(path: str, content: str) -> None:
    """`FileError` for what a tool printed, with its option that writes a file."""
    start = content[:LONGEST_START].lstrip()
    for tool, (line, step) in PRINTED.items():
        if not start.startswith("{") and re.search(line, start, re.M):
            fail(path, f"is what {tool} printed", step)
