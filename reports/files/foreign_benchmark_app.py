"""OpenVINO's benchmark_app, the Python and the C++ one: JSON and CSV reports, console output.

Latencies are in milliseconds, on the console in microseconds where they are short. There are no
raw times, so that there is no interval. With `-latency_percentile` the median is not written.
"""

from __future__ import annotations

import json
import re
from pathlib import PurePath
from typing import Any

from .checks import clean, fail, listed, mapping, shown
from .document import json_of
from .foreign_facts import Facts, amount, counted, found, no_median, scaled, scenario
from .result import Result

TOOL = "benchmark_app"
VARIANT = "benchmark-app"
PRECISIONS = {"float32": "f32", "bfloat16": "bf16", "float16": "f16"}
SECTIONS = ("cmd_options", "configuration_setup", "execution_results")

# What one file calls by one name, another calls by the other.
MEDIAN = ("latency (ms)", "median latency (ms)", "latency_median")
COMPILE = ("compile model time (ms)", "compile_model_time", "load_model_time")
READ = ("read model time (ms)", "read_model_time")
FIRST = ("first inference time (ms)", "first_inference_time")
REQUESTS = ("number of parallel infer requests", "nireq")

CONSOLE = {
    "median": r"Median:\s+([\d.]+ [mu]s)",
    "percentile": r"(\d+) percentile:",
    "batch size": r"Model batch size: (\d+)",
    "-nthreads": r"INFERENCE_NUM_THREADS: (\d+)",
    "nireq": r"Start inference asynchronously, (\d+) inference requests",
    "read_model_time": r"Read model took ([\d.]+) ms",
    "compile_model_time": r"Compile model took ([\d.]+) ms",
    "first_inference_time": r"First inference took ([\d.]+) ms",
    "throughput": r"Throughput:\s+([\d.]+) FPS",
    "build": r"Build \.+ ([\w.]+)",
    "precision": r"INFERENCE_PRECISION_HINT: (?:<Type: ')?(\w+)",
}


def is_json(content: str) -> bool:
    """True for an object that names its results as benchmark_app does."""
    return content.lstrip()[:1] == "{" and '"execution_results"' in content


def is_csv(content: str) -> bool:
    """True for `benchmark_report.csv`."""
    return content.lstrip().startswith(("Command line parameters\n", "Configuration setup\n"))


def is_console(content: str) -> bool:
    """True for what it prints."""
    return "[Step 1/11]" in content and re.search(r"^\[Step 1/11\]", content, re.M) is not None


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
    pairs = (line.partition(";") for line in content.splitlines())
    return _result(path, {clean(name).lower(): clean(value) for name, _, value in pairs if value})


def of_console(path: str, content: str) -> Result:
    """From what it printed."""
    facts = found(CONSOLE, content)
    if "percentile" in facts and "median" not in facts:
        facts["percentile_boundary"] = facts["percentile"]
    number, _, unit = facts.get("median", "").partition(" ")
    facts["latency (ms)"] = str(float(number) / 1e3) if unit == "us" else number
    return _result(path, facts)


def _result(path: str, facts: Facts) -> Result:
    requests = counted(path, facts, *REQUESTS) or 1
    return Result(
        file=path,
        fullname=f"{TOOL}::{path}",
        workload=_workload(path, facts),
        variant=VARIANT,
        median_seconds=1e-3 * _median_ms(path, facts),
        batch=counted(path, facts, "batch size", "batch_size") or 1,
        precision=_precision(facts),
        threads=counted(path, facts, "-nthreads", "nthreads"),
        compile_seconds=scaled(amount(path, facts, *COMPILE), 1e-3),
        load_seconds=scaled(amount(path, facts, *READ), 1e-3),
        first_inference_seconds=scaled(amount(path, facts, *FIRST), 1e-3),
        runtime=f"openvino {facts['build']}" if facts.get("build") else TOOL,
        scenario=scenario(requests),
        origin=TOOL,
        rate_per_s=None if requests == 1 else amount(path, facts, "throughput"),
    )


def _median_ms(path: str, facts: Facts) -> float:
    """The median; with another percentile asked for, that is what stands in its place."""
    step = f"run {TOOL} without -latency_percentile"
    if facts.get("error"):
        fail(path, f"{TOOL} failed ({shown(facts['error'])})", "run it again")
    for name in facts:
        if re.fullmatch(r"latency \(\d+ percentile\) \(ms\)", name):
            no_median(path, f"has {name}", step)
    if (boundary := facts.get("percentile_boundary", "50")) != "50":
        no_median(path, f"has the {boundary}th percentile of the latency", step)
    median = amount(path, facts, *MEDIAN)
    if median is None:
        fail(path, "has no median latency", f"run {TOOL} to its end, on one device")
    return median


def _precision(facts: Facts) -> str:
    """As asked for, or as the runtime said it chose; "" where neither is written."""
    said = facts.get("-infer_precision") or facts.get("infer_precision") or facts.get("precision")
    said = (said or "").lower()
    return PRECISIONS.get(said, said if said in PRECISIONS.values() else "")


def _workload(path: str, facts: Facts) -> str:
    """The model's file, or its folder where it is called `model`; else the report's name."""
    model = PurePath((facts.get("-m") or facts.get("m") or path).replace("\\", "/"))
    return model.parent.name if model.stem == "model" and model.parent.name else model.stem
