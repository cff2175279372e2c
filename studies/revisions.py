"""This revision against an earlier one in one process, call by call in turn.

    python -m studies.revisions REVISION WORKLOAD[,WORKLOAD] [RESULT.json]

The earlier revision is taken out of git into a package of another name, so that both run the same
workload in turn, and differences below one per cent are seen; see `paired`. For `cpu` alone.
"""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
import tarfile
from contextlib import suppress
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from shutil import copytree
from tempfile import TemporaryDirectory
from typing import Any

import numpy

from isthmus.benchmarks.harness.fingerprint import fingerprint, versions
from isthmus.benchmarks.work import workloads
from isthmus.reports import log_ratio
from isthmus.system.threads import available_threads

from .paired import BLOCKS, SECONDS, timed_pairs

ROOT = Path(__file__).resolve().parents[1]
BEFORE = "isthmus_before"


def main(arguments: list[str]) -> None:
    revision, names, *result = arguments
    with TemporaryDirectory(prefix="isthmus-") as folder:
        taken_out(revision, Path(folder))
        sys.path.insert(0, folder)
        pairs = [compare(name) for name in names.split(",")]
    record = {
        "datetime": datetime.now(UTC).isoformat(),
        "machine": {"fingerprint": fingerprint(), "versions": versions()},
        "threads": available_threads(),
        "revisions": [_commit("HEAD"), _commit(revision)],
        "pairs": pairs,
    }
    text = json.dumps(record, indent=1)
    print(text)
    if result:
        Path(result[0]).write_text(text + "\n", encoding="utf-8")


def taken_out(revision: str, folder: Path) -> None:
    """The package as it was, called `isthmus_before`, under the folder."""
    archive = subprocess.run(
        ["git", "-C", str(ROOT), "archive", revision], capture_output=True, check=True
    ).stdout
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        tar.extractall(folder / "tree", filter="tar")
    copytree(folder / "tree/isthmus", folder / BEFORE)
    for source in (folder / BEFORE).rglob("*.py"):
        text = source.read_text(encoding="utf-8")
        source.write_text(re.sub(r"\bisthmus\b(?!\.backends)", BEFORE, text), encoding="utf-8")


def compare(workload: str) -> dict[str, Any]:
    """How many times as fast this revision is, with the 95 % interval over blocks of calls."""
    (work,) = workloads.find([workload])
    now, before = _opened("isthmus", work), _opened(BEFORE, work)
    arrays = work.inputs()
    results = [call(arrays) for call in (now, before)]
    seconds = timed_pairs([now, before], arrays, SECONDS)
    blocks = [[b.tolist() for b in numpy.array_split(c, BLOCKS)] for c in seconds.T]
    ratio = log_ratio(blocks[1], blocks[0], paired=True)
    return {
        "workload": workload,
        "pairs": len(seconds),
        "median_ms": (1e3 * numpy.median(seconds, axis=0)).tolist(),
        "speed_now_over_before": ratio.ratio,
        "interval_95": list(ratio.interval(0.95)),
        "greatest_difference": max(float(abs(a - b).max()) for a, b in zip(*results, strict=True)),
    }


def _opened(package: str, work: workloads.Workload) -> Any:
    """A workload as a call on `cpu`, by the public interface of a package of this name."""
    used = import_module(package)
    if package == BEFORE:
        _use_own_backends()
    model = used.models.create(work.model, weights=work.weights, seed=0)
    inputs = work.inputs()
    specs = {name: used.spec(array.dtype, array.shape) for name, array in inputs.items()}
    program = used.compile(model, specs, backend="cpu", threads=available_threads())
    leaves = _module(package, "graph.tree", "tree").leaves
    return lambda arrays: [leaf for _, leaf in leaves(program(**arrays))]


def _use_own_backends() -> None:
    """Backends are found by entry points, which are those of the package that is installed."""
    homes = {
        "cpu": ["cpu_backend"],
        "gpu": ["gpu_backend"],
        "numpy": ["numpy_backend", "reference"],
    }

    def find_backend(name: str) -> Any:
        return getattr(_module(BEFORE, *homes[name]), f"{name.capitalize()}Backend")()

    _module(BEFORE, "program.export", "export")
    for name, module in list(sys.modules.items()):
        if name.startswith(f"{BEFORE}.") and hasattr(module, "find_backend"):
            module.find_backend = find_backend  # type: ignore[attr-defined]


def _module(package: str, *names: str) -> Any:
    """The first of the names that a revision has: newer ones are before older ones."""
    for name in names:
        with suppress(ModuleNotFoundError):
            return import_module(f"{package}.{name}")
    raise ModuleNotFoundError(f"{package} has none of {', '.join(names)}")


def _commit(revision: str) -> str:
    command = ["git", "-C", str(ROOT), "rev-parse", revision]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


if __name__ == "__main__":
    main(sys.argv[1:])
