"""requests_per_s there = requests_per_s here * replicas * speed.

CPU: replicas = floor(cores of the instance / cores used here), independent copies of what was
measured, each with the same threads; speed = peak GFLOP/s per core there / here, from the matrix
product that this instance type's own result file or the price list's `peak_gflop_per_core`
tells, and 1 where neither does. Accelerators: a replica on each, speed 1, only on the accelerator
that was measured. On the very instance type nothing is projected: one copy, as it ran.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from isthmus.reports.files.result import Result, ResultFile
from isthmus.reports.files.same_machine import Machine

from .cores import ARM, X86
from .price import Price

__all__ = ["F32", "Fit", "Peaks", "cores_used", "fit", "on_gpu", "peaks_of", "peaks_per_core"]

GPU_WORDS = frozenset({"gpu", "cuda", "tensorrt"})
F32 = "f32"

Peaks = Mapping[str, float]  # GFLOP/s per core, by precision


@dataclass(frozen=True)
class Fit:
    """How a result is carried over to an instance; `known`: the speed was measured, not assumed."""

    replicas: int
    speed: float = 1.0
    measured: bool = False
    known: bool = False


def fit(file: ResultFile, result: Result, price: Price, peaks: Mapping[str, Peaks]) -> Fit | str:
    """The projection, or why there is none; `peaks` by instance type, see `peaks_of`."""
    if file.machine.instance_type == price.instance:
        return Fit(1, measured=True, known=True)
    if result.threads is None:
        return "the file does not say how many threads ran"
    if architecture(file.machine) != price.arch:
        return f"no instance in the list is {architecture(file.machine)}"
    if on_gpu(result.variant):
        return _on_accelerators(file, result.threads, price)
    return _on_cores(file, result, result.threads, price, peaks)


def on_gpu(variant: str) -> bool:
    """True for "gpu", "onnxruntime-cuda" and the like."""
    return not GPU_WORDS.isdisjoint(variant.lower().split("-"))


def architecture(machine: Machine) -> str:
    """Arm by its vector instructions, else x86."""
    flags = machine.known.get("flags")
    return ARM if isinstance(flags, list) and "asimd" in flags else X86


def cores_used(machine: Machine, threads: int) -> int:
    """Physical cores that so many threads fill; a thread is a core where the file tells no more."""
    processors, cores = machine.known.get("cores"), machine.known.get("physical_cores")
    if not isinstance(processors, int) or not isinstance(cores, int) or cores < 1:
        return threads
    return max(1, math.ceil(threads * min(1.0, cores / processors)))


def peaks_of(files: Sequence[ResultFile]) -> dict[str, Peaks]:
    """Measured peaks per core by instance type, of the files that tell both."""
    return {
        file.machine.instance_type: peaks_per_core(file)
        for file in files
        if file.machine.instance_type and file.roofline
    }


def peaks_per_core(file: ResultFile) -> Peaks:
    """GFLOP/s per core by precision: each peak / the cores that its threads fill."""
    roofline = file.roofline
    if roofline is None or not roofline.threads:
        return {}
    cores = cores_used(file.machine, roofline.threads)
    return {peak.precision: peak.gflop_per_s / cores for peak in roofline.peaks}


def _on_accelerators(file: ResultFile, threads: int, price: Price) -> Fit | str:
    gpu = file.machine.gpu
    if not price.accelerator or not _words(price.accelerator) <= _words(gpu):
        return f"no instance in the list has the accelerator {gpu or 'unknown'}"
    replicas = min(price.accelerators, price.vcpus // threads)
    return Fit(replicas) if replicas else f"no instance with {gpu} has {threads} vCPUs"


def _on_cores(
    file: ResultFile, result: Result, threads: int, price: Price, peaks: Mapping[str, Peaks]
) -> Fit | str:
    used = cores_used(file.machine, threads)
    if price.accelerator or price.cores < used:
        return f"no CPU instance in the list has {used} cores"
    precision = result.precision or F32
    here = peaks_per_core(file).get(precision)
    there = peaks.get(price.instance, {}).get(precision)
    if there is None and precision == F32:
        there = price.peak_gflop_per_core
    known = here is not None and there is not None
    speed = there / here if here and there else 1.0
    return Fit(price.cores // used, speed, known=known)


def _words(gpu: str) -> set[str]:
    """The words of "NVIDIA A100-SXM4-80GB": A100 must not be found in "A1000"."""
    return set(gpu.replace("-", " ").replace(",", " ").split())
