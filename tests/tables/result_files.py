"""Result files as `isthmus bench` writes them, with known medians: nothing runs to make one."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy

Document = dict[str, Any]

# Median seconds per call, by workload and variant; an absent one is missing in the file.
SECONDS: dict[str, dict[str, float]] = {
    "bert-base-128": {
        "numpy": 0.2602,
        "cpu": 0.1170,
        "onnxruntime-cpu": 0.1291,
        "openvino-by-hand": 0.1137,
        "torch-eager": 0.1480,
        "jax": 0.2210,
    },
    "bert-base-512": {
        "numpy": 1.310,
        "cpu": 0.520,
        "onnxruntime-cpu": 0.575,
        "openvino-by-hand": 0.516,
        "torch-eager": 0.660,
        "jax": 1.050,
    },
    "resnet-50": {
        "numpy": 0.07767,
        "cpu": 0.03949,
        "onnxruntime-cpu": 0.04070,
        "openvino-by-hand": 0.03938,
        "torch-eager": 0.05230,
        "jax": 0.09110,
    },
    "mobilenet-v2": {
        "numpy": 0.04075,
        "cpu": 0.004428,
        "onnxruntime-cpu": 0.004277,
        "openvino-by-hand": 0.004448,
        "torch-eager": 0.01390,
        "jax": 0.02020,
    },
}
VARIANTS = ("numpy", "cpu", "onnxruntime-cpu", "openvino-by-hand", "torch-eager", "jax")
MISSING = {
    "mxnet-onednn": "no environment: run `make peers`",
    "mxnet-plain": "no environment: run `make peers`",
}
# Sequence, operations, bytes moved and bytes of parameters of one call.
WORK: dict[str, tuple[int | None, int, int, int]] = {
    "bert-base-128": (128, 22_417_743_872, 812_000_000, 438_000_000),
    "bert-base-512": (512, 96_756_000_000, 1_510_000_000, 438_000_000),
    "resnet-50": (None, 8_217_632_232, 243_000_000, 102_400_000),
    "mobilenet-v2": (None, 627_396_456, 68_000_000, 14_200_000),
}
RUNTIMES = {
    "numpy": "numpy 2.4.6",
    "onnxruntime-cpu": "onnxruntime 1.31.1",
    "torch-eager": "torch 2.13.0",
    "jax": "jax 0.9.2",
}
PEERS = ("openvino-by-hand", "torch-eager", "jax")
ROOFLINE: Document = {
    "threads": 2,
    "peaks": [
        {"precision": "f32", "gflop_per_s": 250.0, "by": "openvino 2026.4.1, 2048x2048x2048"},
        {"precision": "bf16", "gflop_per_s": 310.0, "by": "openvino 2026.4.1, 2048x2048x2048"},
    ],
    "gb_per_s": 20.1,
    "drift": 0.012,
}


def times(random: numpy.random.Generator, median: float, drift: Any) -> list[list[float]]:
    """Rounds of 5 calls that share `drift` with the other variants, as interleaved rounds do."""
    own = numpy.exp(0.004 * random.standard_normal((len(drift), 1)))
    spread = numpy.exp(0.01 * random.random((len(drift), 5)))
    rounds: list[list[float]] = (median * drift[:, None] * own * spread).round(7).tolist()
    return rounds


def process(calls: int = 5, **changes: Any) -> Document:
    """What one process said beside its times."""
    return {
        "runtime": "openvino 2026.4.1",
        "import_seconds": 0.31,
        "load_seconds": 0.12,
        "compile_seconds": 1.9,
        "first_inference_seconds": 0.2,
        "warm_up": {"calls": 12, "seconds": 0.4, "steady": True},
        "calls_per_sample": 1,
        "windows": {
            "kept": calls,
            "discarded": {},
            "all_bad": False,
            "bad": {},
            "window_seconds": 0.25,
        },
        "cpu_per_wall": 1.97,
        "os_threads": 7,
        "affinity": [0, 1],
        "load_average": 0.5,
        "clock_mhz": None,
        "timer_resolution_seconds": 3e-8,
        "peak_memory_bytes": 900 << 20,
        "energy_joules_per_call": None,
        "scenario": None,
    } | changes


def benchmark(workload: str, variant: str, rounds: list[list[float]], **facts: Any) -> Document:
    """One benchmark; `facts` replace those of `extra_info`."""
    sequence, operations, moved, parameters = WORK.get(workload, (None, 10**9, 10**8, 10**7))
    extra: Document = {
        "workload": workload,
        "model": workload.removesuffix(f"-{sequence}"),
        "variant": variant,
        "scenario": "single-stream",
        "batch": 1,
        "sequence": sequence,
        "precision": "f32",
        "threads": 2,
        "operations": operations,
        "bytes_moved": moved,
        "parameter_bytes": parameters,
        "model_hash": "sha256:" + "0123456789abcdef" * 4,
        "environment": variant.partition("-")[0] if variant in PEERS else "own",
        "runtime": RUNTIMES.get(variant, "openvino 2026.4.1"),
        "rounds": rounds,
        "processes": [process(len(samples)) for samples in rounds],
        "import_seconds": 0.31,
        "load_seconds": 0.12,
        "compile_seconds": 1.9,
        "first_inference_seconds": 0.2,
        "peak_memory_bytes": 900 << 20,
        "scenario_result": None,
        **_parity(variant),
    } | facts
    data = [value for samples in rounds for value in samples]
    kind = "" if extra["scenario"] == "single-stream" else f"/{extra['scenario']}"
    return {
        "group": workload,
        "name": f"{workload}{kind}[{variant}]",
        "fullname": f"isthmus::{workload}{kind}[{variant}]",
        "params": {"workload": workload, "variant": variant},
        "extra_info": extra,
        "stats": {"median": float(numpy.median(data)), "data": data},
    }


def _parity(variant: str) -> Document:
    if variant == "numpy":
        return {"parity_max_rel_error": None, "parity": None}
    parity = {"reference": "numpy", "max_rel_error": 4.1e-6, "cosine": 0.9999999}
    parity |= {"top1_agreement": 1.0, "samples": 4}
    return {"parity_max_rel_error": 4.1e-6, "parity": parity}


def one_by_one(rounds: list[list[float]]) -> Document:
    """What a single stream of too few calls shows: percentiles without a bound."""
    data = [value for samples in rounds for value in samples]
    percentiles = {str(p): 1e3 * float(numpy.quantile(data, p / 100)) for p in (50, 90, 95, 99)}
    few = f"{len(data)} queries are too few to bound the p90; 64 are enough"
    return {
        "scenario": "single-stream",
        "valid": False,
        "reason": few,
        "more_queries": max(1, 64 - len(data)),
        "queries": len(data),
        "rate_per_s": None,
        "bound_ms": None,
        "percentile": 90,
        "achieved_per_s": len(data) / sum(data),
        "percentiles_ms": percentiles,
        "bounded_ms": {"90": None, "99": None},
    }


def scenario(name: str = "server", valid: bool = True, **changes: Any) -> Document:
    """A `scenario_result`; the rate is below what the variant of `served` can do."""
    return {
        "scenario": name,
        "valid": valid,
        "reason": "" if valid else "p99 60.1 ms is above the bound of 50 ms",
        "more_queries": 0 if valid else 262,
        "queries": 662,
        "rate_per_s": 15.0 if name == "server" else None,
        "bound_ms": 50.0 if name == "server" else None,
        "percentile": 99,
        "achieved_per_s": 14.8,
        "percentiles_ms": {"50": 31.2, "90": 38.4, "95": 40.9, "99": 44.7},
        "bounded_ms": {"90": 39.9, "99": 47.3 if valid else None},
    } | changes


def served(workload: str, variant: str, **changes: Any) -> Document:
    """A server scenario's benchmark: its `rounds` are latencies from the scheduled time."""
    random = numpy.random.default_rng(5)
    rounds = [(0.031 * numpy.exp(0.15 * random.random(60))).round(7).tolist() for _ in range(3)]
    result = scenario(**changes)
    return benchmark(workload, variant, rounds, scenario=result["scenario"], scenario_result=result)


def benchmarks(
    workloads: Iterable[str] = SECONDS, variants: Sequence[str] = VARIANTS, rounds: int = 6
) -> list[Document]:
    """Every workload under every variant, `rounds` interleaved rounds each."""
    random = numpy.random.default_rng(11)
    every = []
    for workload in workloads:
        drift = numpy.exp(0.02 * random.standard_normal(rounds))
        for variant in variants:
            samples = times(random, SECONDS[workload][variant], drift)
            result = one_by_one(samples)
            every.append(benchmark(workload, variant, samples, scenario_result=result))
    return every


def missing(
    workloads: Iterable[str] = SECONDS, reasons: Mapping[str, str] = MISSING
) -> list[Document]:
    """The file's list of what could not be measured, with the reason."""
    return [
        {"workload": workload, "variant": variant, "scenario": "single-stream", "reason": reason}
        for workload in workloads
        for variant, reason in reasons.items()
    ]


def document(
    entries: list[Document] | None = None, *, isthmus: Document | None = None, **fingerprint: Any
) -> Document:
    """A whole file; by default all workloads and variants, two server entries, missing peers.

    `isthmus` replaces keys of the top level's `isthmus`, `fingerprint` those of the machine.
    """
    lacking = missing() if entries is None else []
    if entries is None:
        entries = [*benchmarks(), served("resnet-50", "cpu"), served("mobilenet-v2", "cpu")]
    return {
        "machine_info": {
            "system": "Linux",
            "python_version": "3.11.9",
            "isthmus": machine(**fingerprint),
        },
        "commit_info": {"id": "0123456789abcdef0123", "dirty": True},
        "benchmarks": entries,
        "datetime": "2026-11-20T10:00:00.000000",
        "version": "5.3.1",
        "isthmus": {
            "format": 2,
            "plan": {
                "kind": "quick",
                "rounds": 6,
                "seconds": 1.0,
                "threads": 2,
                "budget_seconds": None,
            },
            "missing": lacking,
            "roofline": ROOFLINE,
            "interrupted": False,
            "seconds_spent": 130.2,
            **(isthmus or {}),
        },
    }


def machine(**fingerprint: Any) -> Document:
    """machine_info.isthmus."""
    return {
        "fingerprint": {
            "cpu_model": "INTEL(R) XEON(R) PLATINUM 8488C",
            "cores": 2,
            "flags": ["avx2", "avx512f", "avx512_vnni"],
            "gpu": "",
            "memory_gib": 7.6,
            **fingerprint,
        },
        "conditions": {"kernel": "6.1.0", "governor": None, "load_average": 0.4},
        "versions": {"numpy": "2.4.6", "isthmus": "0.1", "openvino": "2026.4.1"},
    }


def write(path: Path, content: Document) -> Path:
    """The document as a file; its path."""
    path.write_text(json.dumps(content), encoding="utf-8")
    return path
