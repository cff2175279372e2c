"""The table of CUDA's kernels, `gpu_backend/cuda_kernels.csv`, from ONNX Runtime's registrations.

    python -m studies.cuda_kernels FOLDER [TABLE.csv]

FOLDER: where `onnxruntime` of the package onnxruntime-gpu is, as of an unpacked wheel. It is asked
for the kernels that its CUDA provider registers, in a process of its own. That takes no GPU:
NVIDIA's libraries are stand-ins that gcc builds (`stand_ins`).
"""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterable, Sequence
from itertools import combinations, groupby
from pathlib import Path
from typing import Any

from isthmus.errors import IsthmusError, UsageError
from isthmus.gpu_backend import cuda_kernels

from .stand_ins import answer, environment

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
    with environment(folder) as variables:
        document: dict[str, Any] = json.loads(answer(ASKED, variables))
    return document


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
