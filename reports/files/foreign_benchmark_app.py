"""OpenVINO's benchmark_app, the Python and the C++ one: its JSON and CSV reports.

Latencies are in milliseconds. There are no raw times, so that there is no interval. With
`-latency_percentile` the median is not written.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any, NoReturn

from .checks import Amount, Count, Seconds, clean, converted, fail, listed, mapping, shown
from .document import json_of
from .result import Result
from .result_fields import SINGLE

__all__ = ["TOOL", "is_csv", "is_json", "of_csv", "of_json"]

TOOL = "benchmark_app"
VARIANT = "benchmark-app"
PRECISIONS = {"float32": "f32", "bfloat16": "bf16", "float16": "f16"}
Facts = Mapping[str, str]
RESULTS = "Execution results"  # a heading of the CSV, once a run
SECTIONS = ("cmd_options", "configuration_setup", "execution_results")

# What one file calls by one name, another calls by the other.
MEDIAN = ("latency (ms)", "median latency (ms)", "latency_median")
COMPILE = ("compile model time (ms)", "compile_model_time", "load_model_time")
READ = ("read model time (ms)", "read_model_time")
FIRST = ("first inference time (ms)", "first_inference_time")
REQUESTS = ("number of parallel infer requests", "nireq")


def is_json(content: str) -> bool:
    """True for an object that names its results as benchmark_app does."""
    return content.lstrip()[:1] == "{" and '"execution_results"' in content


def is_csv(content: str) -> bool:
    """True for `benchmark_report.csv`."""
    return content.lstrip().startswith(("Command line parameters\n", "Configuration setup\n"))


def of_json(path: str, content: str) -> Result:
    """From `benchmark_report.json`: `-report_type no_counters -json_stats`."""
    document = mapping(path, "the report", json_of(path, content))
    facts: dict[str, str] = {}
    for section in SECTIONS:
        facts |= _texts(path, section, document.get(section))
    return _result(path, facts)


def _texts(path: str, section: str, value: Any) -> dict[str, str]:
    """A section as texts by name; the C++ tool writes its parameters as a list of objects."""
    if isinstance(value, list):
        merged: dict[str, str] = {}
        for item in listed(path, section, value):
            merged |= _texts(path, section, item)
        return merged
    items = mapping(path, section, value).items()
    return {
        clean(name).lower(): clean(item if isinstance(item, str) else json.dumps(item))
        for name, item in items
    }


def of_csv(path: str, content: str) -> Result:
    """From `benchmark_report.csv`: `-report_type no_counters`."""
    lines = content.splitlines()
    if (runs := sum(clean(line).startswith(RESULTS) for line in lines)) > 1:
        fail(path, f"holds {runs} runs", "give a file for each")
    pairs = (line.partition(";") for line in lines)
    return _result(path, {clean(name).lower(): clean(value) for name, _, value in pairs if value})


def _result(path: str, facts: Facts) -> Result:
    requests = _counted(path, facts, *REQUESTS) or 1
    return Result(
        file=path,
        fullname=f"{TOOL}::{path}",
        workload=_workload(path, facts),
        variant=VARIANT,
        median_seconds=_median_seconds(path, facts),
        batch=_counted(path, facts, "batch size", "batch_size") or 1,
        precision=_precision(facts),
        threads=_counted(path, facts, "-nthreads", "nthreads"),
        compile_seconds=_seconds(path, facts, *COMPILE),
        load_seconds=_seconds(path, facts, *READ),
        first_inference_seconds=_seconds(path, facts, *FIRST),
        runtime=TOOL,
        scenario=SINGLE if requests == 1 else f"{requests} requests at once",
        origin=TOOL,
        rate_per_s=None if requests == 1 else _amount(path, facts, "throughput"),
    )


def _median_seconds(path: str, facts: Facts) -> float:
    """The median; with another percentile asked for, that is what stands in its place."""
    if facts.get("error"):
        fail(path, f"{TOOL} failed ({shown(facts['error'])})", "run it again")
    for name in facts:
        if re.fullmatch(r"latency \(\d+ percentile\) \(ms\)", name):
            _no_median(path, f"has {name}")
    if (boundary := facts.get("percentile_boundary", "50")) != "50":
        _no_median(path, f"has the {boundary}th percentile of the latency")
    median = _amount(path, facts, *MEDIAN)
    if median is None:
        fail(path, "has no median latency", f"run {TOOL} to its end, on one device")
    found: float = converted(path, 1e-3 * median, Seconds, "the median latency in seconds")
    return found


def _no_median(path: str, what: str) -> NoReturn:
    fail(path, f"{what}, not the median", f"run {TOOL} without -latency_percentile")


def _amount(path: str, facts: Facts, *names: str) -> float | None:
    """The first of the named facts as a number above zero; None where there is none, or 0."""
    name = _told(facts, names)
    found: float = converted(path, facts[name], Amount, name, strict=False) if name else 0.0
    return found or None  # 0.00 ms: too short for the digits that were written


def _seconds(path: str, facts: Facts, *names: str) -> float | None:
    """The same of milliseconds, in seconds."""
    amount = _amount(path, facts, *names)
    return None if amount is None else 1e-3 * amount


def _counted(path: str, facts: Facts, *names: str) -> int | None:
    """The first of the named facts as a whole number above zero; None where there is none, or 0."""
    name = _told(facts, names)
    found: int = converted(path, facts[name], Count, name, strict=False) if name else 0
    return found or None


def _told(facts: Facts, names: tuple[str, ...]) -> str:
    return next((name for name in names if facts.get(name) not in (None, "", "0")), "")


def _precision(facts: Facts) -> str:
    """As asked for, or as the runtime said it chose; "" where neither is written."""
    said = facts.get("-infer_precision") or facts.get("infer_precision") or facts.get("precision")
    said = (said or "").lower()
    return PRECISIONS.get(said, said if said in PRECISIONS.values() else "")


def _workload(path: str, facts: Facts) -> str:
    """The model's file, or its folder where it is called `model`; else the report's name."""
    model = PurePath((facts.get("-m") or facts.get("m") or path).replace("\\", "/"))
    return model.parent.name if model.stem == "model" and model.parent.name else model.stem
