"""What this machine has: processor, threads, memory, GPUs, packages; read, never guessed."""

from __future__ import annotations

import math
import os
import platform
import re
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path

from . import cgroup, nvidia, threads
from .topology import read

__all__ = [
    "PACKAGES",
    "RUNTIMES",
    "allocator_settings",
    "available_bytes",
    "first_processor",
    "flags_of",
    "gpus",
    "huge_pages",
    "hypervisor",
    "installed_bytes",
    "instance_type",
    "library_c",
    "load_average",
    "memory_bytes",
    "microcode",
    "processor",
    "processor_flags",
    "signature",
    "signature_of",
    "thread_counts",
    "versions",
]

# What matrix kernels are chosen by: 256 and 512 bit vectors, int8 and bf16 products, tiles.
FLAGS = (
    *("avx2", "avx512f", "avx512_vnni", "avx_vnni", "avx512_bf16"),
    *("amx_tile", "amx_bf16", "amx_int8", "asimd", "i8mm", "bf16"),
)
PACKAGES = (
    *("numpy", "openvino", "onnx", "pandas", "pillow", "safetensors", "tokenizers"),
    *("jinja2", "rich", "typer", "pytest-benchmark", "huggingface_hub", "scikit-learn"),
)
# All of them install the folder `onnxruntime`, over each other.
RUNTIMES = (
    *("onnxruntime", "onnxruntime-gpu", "onnxruntime-directml", "onnxruntime-openvino"),
    *("onnxruntime-qnn", "onnxruntime-rocm", "onnxruntime-training", "onnxruntime-migraphx"),
)

# Virtual machines often name every processor of a maker alike; these numbers they keep.
SIGNATURES = (
    ("vendor_id", "cpu family", "model", "stepping"),
    ("CPU implementer", "CPU part", "CPU variant", "CPU revision"),
)
DMI = Path("/sys/class/dmi/id")


def processor() -> str:
    """The processor's name, as the system gives it."""
    return _cpuinfo().get("model name") or platform.processor() or platform.machine()


def signature() -> str | None:
    """The processor's maker, family, model and stepping: `AuthenticAMD/25/17/1`."""
    return signature_of(_cpuinfo())


def signature_of(facts: Mapping[str, str]) -> str | None:
    """The same from one processor's facts; Arm's are maker, part, variant and revision."""
    for names in SIGNATURES:
        if all(name in facts for name in names):
            return "/".join(facts[name] for name in names)
    return None


def microcode() -> str | None:
    """The revision of the processor's own program; hypervisors may show one of their making."""
    return _cpuinfo().get("microcode")


def processor_flags() -> list[str]:
    """Those of `FLAGS` that the processor has; empty where the system does not tell."""
    return flags_of(_cpuinfo())


def flags_of(facts: Mapping[str, str]) -> list[str]:
    """The same from one processor's facts."""
    has = set((facts.get("flags") or facts.get("Features") or "").split())
    return [flag for flag in FLAGS if flag in has]


def first_processor(cpuinfo: str) -> dict[str, str]:
    """The facts of the first processor of a /proc/cpuinfo."""
    pairs = (line.partition(":") for line in cpuinfo.split("\n\n")[0].splitlines())
    return {name.strip(): value.strip() for name, _, value in pairs}


def _cpuinfo() -> dict[str, str]:
    """Empty on other systems than Linux."""
    try:
        return first_processor(Path("/proc/cpuinfo").read_text(errors="replace"))
    except OSError:
        return {}


def thread_counts() -> dict[str, int | None]:
    """Processors of the machine, of the affinity mask, of the container's quota, and ours."""
    quota = threads.quota()
    return {
        "processors": os.cpu_count(),
        "affinity": threads.affinity(),
        "quota": quota if quota < threads.UNLIMITED else None,
        "used": threads.available_threads(),
    }


def memory_bytes() -> int | None:
    """The machine's memory or the container's limit, the smaller; None where nobody tells."""
    known = [size for size in (installed_bytes(), cgroup.memory_bytes()) if size]
    least = min(known, default=math.inf)
    return None if math.isinf(least) else int(least)


def available_bytes() -> int | None:
    """What can be given to programs now (MemAvailable); None where the system does not tell."""
    try:
        text = Path("/proc/meminfo").read_text()
    except OSError:
        return None
    found = re.search(r"^MemAvailable:\s*(\d+) kB", text, re.MULTILINE)
    return int(found[1]) * 1024 if found else None


def installed_bytes() -> int | None:
    """What is installed, less what the system kept back when it started."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):  # Windows has no sysconf
        return None


def gpus() -> list[str]:
    """Name, memory and driver of each NVIDIA GPU, by nvidia-smi; empty without it."""
    return [", ".join(row) for row in nvidia.query(("name", "memory.total", "driver_version"))]


def versions(names: tuple[str, ...]) -> dict[str, str]:
    """The version of each package that is installed."""
    found = {}
    for name in names:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def instance_type(root: Path = DMI) -> str | None:
    """`c5.xlarge`, as Amazon EC2 writes it into the machine's description; others do not."""
    if read(root / "sys_vendor") != "Amazon EC2":
        return None
    name = read(root / "product_name") or ""
    return name if re.fullmatch(r"[a-z0-9-]+\.[a-z0-9-]+", name) else None


def hypervisor(root: Path = DMI) -> str | None:
    """Who made the virtual machine, `yes` for one that does not say, `none` outside of one."""
    facts = _cpuinfo()
    if "hypervisor" in facts.get("flags", "").split():
        return read(Path("/sys/hypervisor/type")) or read(root / "sys_vendor") or "yes"
    return "none" if "flags" in facts else None  # only x86 tells


def library_c() -> str | None:
    """`glibc 2.36`; None where the C library does not tell."""
    try:
        return os.confstr("CS_GNU_LIBC_VERSION")
    except (AttributeError, OSError, ValueError):
        return None


def allocator_settings() -> dict[str, str]:
    """The environment variables that change how memory is handed out."""
    names = ("LD_PRELOAD", "GLIBC_TUNABLES", "PYTHONMALLOC")
    chosen = (name for name in os.environ if name in names or name.startswith("MALLOC_"))
    return {name: os.environ[name] for name in sorted(chosen)}


def huge_pages() -> str | None:
    """Which memory gets pages of 2 MiB: `always`, `madvise` or `never`."""
    text = read(Path("/sys/kernel/mm/transparent_hugepage/enabled")) or ""
    chosen = re.search(r"\[(\w+)\]", text)
    return chosen[1] if chosen else None


def load_average() -> float | None:
    """Processes that ran or waited for a processor, over the last minute."""
    try:
        return round(os.getloadavg()[0], 2)
    except (AttributeError, OSError):
        return None
