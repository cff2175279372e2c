"""Result files with known ratios, for the tests of the gate: nothing runs to make one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy

from isthmus.benchmarks.gate import Outcome, Settings, Verdict, compare_files
from isthmus.benchmarks.gate.rule.metrics import LATENCY
from isthmus.benchmarks.gate.rule.verdict import Kind

Document = dict[str, Any]


def benchmark(name: str, rounds: list[list[float]], **facts: Any) -> Document:
    """One benchmark as `isthmus bench` writes it."""
    data = [value for samples in rounds for value in samples]
    workload, variant = name.rstrip("]").split("[")
    extra = {"workload": workload, "variant": variant, "batch": 1, "sequence": None}
    extra |= {"precision": "f32", "threads": 2, "parity_max_rel_error": 3e-6, "rounds": rounds}
    stats = {"median": float(numpy.median(data)), "data": data}
    return {
        "group": workload,
        "name": name,
        "fullname": f"isthmus::{name}",
        "extra_info": extra | facts,
        "stats": stats,
    }


def foreign(name: str, data: list[float], /, **changes: Any) -> Document:
    """One benchmark as pytest-benchmark writes it: a single round."""
    stats = {"median": float(numpy.median(data)), "data": data}
    return {
        "group": None,
        "name": name,
        "fullname": f"tests/test_net.py::{name}",
        "extra_info": {},
        "stats": stats,
    } | changes


def noisy(
    seed: int, median: float = 0.01, count: int = 10, noise: float = 0.005
) -> list[list[float]]:
    """Rounds of 5 samples; both levels vary by `noise`."""
    random = numpy.random.default_rng(seed)
    levels = median * numpy.exp(noise * random.standard_normal((count, 1)))
    times: list[list[float]] = (levels * numpy.exp(noise * random.random((count, 5)))).tolist()
    return times


def document(
    *benchmarks: Document, cpu: str = "Xeon 6975P", cores: int = 2, **fingerprint: Any
) -> Document:
    """A result file's content."""
    machine = {"fingerprint": {"cpu_model": cpu, "cores": cores} | fingerprint}
    return {
        "machine_info": {"isthmus": machine},
        "benchmarks": list(benchmarks),
        "version": "5.3.1",
    }


def files(tmp_path: Path, base: Document, head: Document) -> tuple[Path, Path]:
    paths = tmp_path / "base.json", tmp_path / "head.json"
    for path, content in zip(paths, (base, head), strict=True):
        path.write_text(json.dumps(content))
    return paths


def judge(
    tmp_path: Path,
    base: Document,
    head: Document,
    settings: Settings | None = None,
    **options: bool,
) -> Outcome:
    before, after = files(tmp_path, base, head)
    return compare_files(before, after, settings, **options)


def of_metric(outcome: Outcome, metric: str = LATENCY.name) -> list[Verdict]:
    """The verdicts on one metric."""
    return [verdict for verdict in outcome.verdicts if verdict.metric == metric]


def kinds(outcome: Outcome, metric: str = LATENCY.name) -> list[Kind]:
    return [verdict.kind for verdict in of_metric(outcome, metric)]


def only(*metrics: str, **others: Any) -> Settings:
    return Settings(metrics=metrics, **others)


def told(count: int = 10, seed: int = 0, factor: float = 1.0) -> dict[str, Any]:
    """What each of so many processes says beside its times; all of it grows with the factor."""
    vary = factor * numpy.exp(0.003 * numpy.random.default_rng(seed).standard_normal(count))
    return {
        "processes": [
            {
                "peak_memory_bytes": float(500 * 2**20 * share),
                "compile_seconds": float(1.5 * share),
                "first_inference_seconds": float(0.02 * share),
            }
            for share in vary
        ]
    }


def measured(seed: int, factor: float = 1.0, **facts: Any) -> Document:
    """`net[cpu]` of ten processes that say everything."""
    facts = told(seed=seed, factor=factor) | facts
    return benchmark("net[cpu]", noisy(seed, 0.01 * factor), **facts)


def warned(outcome: Outcome, *parts: str) -> bool:
    """Whether one of the lines has all the parts."""
    return any(all(part in line for part in parts) for line in outcome.warnings)
