"""Results of other tools in the same tables: which tool wrote a file, and its one result.

They say neither which machine nor whether the outputs are right, so that they have a latency and
no speedup. A latency under several requests at once is another scenario than one call after
another, and is never compared with it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from . import foreign_benchmark_app, foreign_perf_test
from .foreign_names import Names
from .result import Result, ResultFile
from .same_machine import machine_of


class Tool(NamedTuple):
    """A kind of file: does a text look like it, and the result it holds."""

    name: str
    looks_like: Callable[[str], bool]
    result: Callable[[str, str], Result]


TOOLS = (
    Tool(
        "benchmark_app, JSON",
        foreign_benchmark_app.is_json,
        foreign_benchmark_app.of_json,
    ),
    Tool(
        "benchmark_app, CSV",
        foreign_benchmark_app.is_csv,
        foreign_benchmark_app.of_csv,
    ),
    Tool(
        "benchmark_app, console",
        foreign_benchmark_app.is_console,
        foreign_benchmark_app.of_console,
    ),
    Tool(
        "onnxruntime_perf_test, console",
        foreign_perf_test.is_console,
        foreign_perf_test.of_console,
    ),
    Tool(
        "onnxruntime_perf_test, result file",
        foreign_perf_test.is_table,
        foreign_perf_test.of_table,
    ),
)


def recognised(content: str) -> Tool | None:
    """The tool that wrote it, or None."""
    return next((tool for tool in TOOLS if tool.looks_like(content)), None)


def read(path: str, tool: Tool, content: str, names: Names) -> ResultFile:
    """The file as one of one result; `FileError` where it does not hold a median."""
    result = names.given(tool.result(path, content))
    return ResultFile(path, machine_of({}), "", "", (result,))
