"""The table of CUDA's kernels, `gpu_backend/cuda_kernels.csv`, from ONNX Runtime's registrations.

    python -m studies.cuda_kernels FOLDER [TABLE.csv]

FOLDER: where `onnxruntime` of the package onnxruntime-gpu is, as of an unpacked wheel. It is asked
for the kernels that its CUDA provider registers, in a process of its own. That takes no GPU:
NVIDIA's libraries are stand-ins, built by gcc, of which every function does nothing and says that
all is well, so that the provider can be made and asked, and nothing else.
"""

from __future__ import annotations

import csv
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterable, Sequence
from itertools import combinations, groupby
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from isthmus.errors import IsthmusError, UsageError
from isthmus.gpu_backend import cuda_kernels

PROVIDER = "onnxruntime/capi/libonnxruntime_providers_cuda.so"
DRIVER, TENSORRT = "libcuda.so.1", "libnvinfer.so.10"
OTHERS = {"Provider_GetHost", "_ITM_deregisterTMCloneTable", "_ITM_registerTMCloneTable"}
OTHERS |= {"__gmon_start__", "__gcov_dump", "__gcov_flush"}
ASKED = """
import json, onnxruntime
from onnxruntime.capi import onnxruntime_pybind11_state as state
found = [
    [d.op_name, *d.version_range, {k: sorted(v) for k, v in d.type_constraints.items()}]
    for d in state.get_all_opkernel_def()
    if d.provider == "CUDAExecutionProvider" and d.domain == ""
]
print(json.dumps({"version": onnxruntime.__version__, "kernels": found}), flush=True)
import os; os._exit(0)
"""

Kernel = list[
    Any
]  # operation, first and last opset, types by the names of the operation's variables


def main(arguments: Sequence[str]) -> None:
    if not 1 <= len(arguments) <= 2:
        raise UsageError("give the folder of an unpacked onnxruntime-gpu, and where to write")
    target = Path(arguments[1]) if len(arguments) == 2 else cuda_kernels.TABLE
    found = asked(Path(arguments[0]))
    rows = joined(found["kernels"])
    with target.open("w", encoding="utf-8", newline="") as file:
        file.write(
            f"# The kernels that CUDAExecutionProvider of onnxruntime-gpu {found['version']} "
            "registers for ONNX's own\n# operations, written by `python -m studies.cuda_kernels`. "
            "No last opset: the kernel is for the\n# operation as defined in the first one alone.\n"
        )
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("operation", "first", "last", "types"))
        writer.writerows(rows)
    print(f"{len(rows)} rows of {len({row[0] for row in rows})} operations to {target}")


def asked(folder: Path) -> dict[str, Any]:
    """What the provider of the package registers. IsthmusError where it does not answer."""
    provider = folder / PROVIDER
    if not provider.exists():
        raise UsageError(f"{folder}: has no {PROVIDER}; unpack a wheel of onnxruntime-gpu there")
    providers = sorted(provider.parent.glob("libonnxruntime_providers_*.so"))
    with TemporaryDirectory() as stand_ins:
        for library, names in functions(providers).items():
            build(Path(stand_ins) / library, names)
        paths = os.pathsep.join(filter(None, (stand_ins, os.environ.get("LD_LIBRARY_PATH"))))
        ended = subprocess.run(
            [sys.executable, "-c", ASKED],
            env={**os.environ, "PYTHONPATH": str(folder), "LD_LIBRARY_PATH": paths},
            capture_output=True, text=True, check=False, cwd=stand_ins,
        )  # fmt: skip
    if ended.returncode or not ended.stdout.strip():
        words = " ".join(ended.stderr.split())[-300:]
        raise IsthmusError(f"the provider does not answer (code {ended.returncode}): {words}")
    document: dict[str, Any] = json.loads(ended.stdout.strip().splitlines()[-1])
    return document


def functions(providers: Iterable[Path]) -> dict[str, list[str]]:
    """NVIDIA's libraries that the providers are linked with, and the functions they call of each.

    They are asked for in a version, which is the library's name; of those without one the driver's
    begin with "cu", and the others are TensorRT's.
    """
    found: dict[str, list[str]] = {}
    for provider in providers:
        needed = re.findall(r"NEEDED.*\[(lib(?:cu|nv)\S+)\]", said_by("readelf", "-d", provider))
        found.update({library: found.get(library, []) for library in needed})
        for line in said_by("nm", "-D", "--undefined-only", provider).splitlines():
            name, _, version = line.split()[-1].partition("@")
            if not version:
                version = DRIVER if name.startswith("cu") else TENSORRT
            if version in found:
                found[version].append(name)
    return {library: sorted(set(names) - OTHERS) for library, names in found.items()}


def said_by(program: str, *arguments: Any) -> str:
    command = [program, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def build(path: Path, names: Iterable[str]) -> None:
    """A library of functions that return 0; of pointers they write nothing."""
    source, versions = path.with_suffix(".c"), path.with_suffix(".map")
    source.write_text("".join(f"long {name}() {{ return 0; }}\n" for name in names))
    versions.write_text(f"{path.name} {{ global: *; }};\n")
    command = ["gcc", "-w", "-shared", "-fPIC", "-fno-builtin", str(source), "-o", str(path)]
    script = [] if path.name in (DRIVER, TENSORRT) else [f"-Wl,--version-script={versions}"]
    subprocess.run([*command, f"-Wl,-soname,{path.name}", *script], check=True, capture_output=True)


def joined(kernels: Iterable[Kernel]) -> list[tuple[str, int, int | str, str]]:
    """Rows of kernels that differ in one variable's types are one, with all of these."""
    rows = []
    ordered = sorted(kernels, key=lambda kernel: (kernel[0], kernel[1], kernel[2]))
    for (name, first, last), group in groupby(ordered, key=lambda kernel: tuple(kernel[:3])):
        for types in merged([kernel[3] for kernel in group]):
            said = " ".join(f"{k}={'|'.join(sorted(v))}" for k, v in sorted(types.items()))
            rows.append((name, first, "" if last >= cuda_kernels.OPEN else last, said))
    return sorted(rows, key=lambda row: (row[0], row[1], row[3]))


def merged(kernels: Sequence[dict[str, list[str]]]) -> list[dict[str, frozenset[str]]]:
    found = [{k: frozenset(map(short, v)) for k, v in kernel.items()} for kernel in kernels]
    changed = True
    while changed:
        changed = False
        for i, j in combinations(range(len(found)), 2):
            one, other = found[i], found[j]
            apart = [k for k in one if one[k] != other.get(k)]
            if one.keys() == other.keys() and len(apart) <= 1:
                found[i] = {k: one[k] | other[k] for k in one}
                del found[j]
                changed = True
                break
    return found


def short(name: str) -> str:
    """`float` of `tensor(float)`."""
    return name[len("tensor(") : -1] if name.startswith("tensor(") else name


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except IsthmusError as problem:
        sys.exit(f"cuda_kernels: {problem}")
