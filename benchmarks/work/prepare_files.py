"""The files of a workload, written by the revision of Isthmus that is going to run them.

    python -m isthmus.benchmarks.prepare_files WORKLOAD FOLDER [--shape NAME=1,3,224,224]... [--low]

WORKLOAD: a name such as bert-base-128, or what `isthmus bench` takes as a model. What is known of
the workload is printed as JSON.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from isthmus.system import command

from . import foreign, workloads
from .prepare import Work, content_hash, prepare

__all__ = ["MODELS", "is_foreign", "main"]

MODELS = (".onnx", ".xml")


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="prepare_files")
    parser.add_argument("workload")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--shape", action="append", default=[])
    parser.add_argument("--low", action="store_true", help="what lower precisions need, too")
    asked = parser.parse_args(arguments)
    asked.folder.mkdir(parents=True, exist_ok=True)
    work = work_of(asked.workload, asked.shape)
    facts = prepare(work, asked.folder, model=False, low=asked.low)
    said = {**facts.measured, "classes": facts.classes}
    print(json.dumps({**said, "inputs_hash": content_hash([asked.folder / "inputs.npz"])}))


def is_foreign(name: str) -> bool:
    """Whether it is a file or function of the user's, not a workload of `workloads`."""
    return ":" in name or Path(name).suffix in MODELS


def work_of(name: str, shapes: list[str]) -> Work:
    """A named workload, or a file or function of the user's."""
    if is_foreign(name):
        return foreign.workload_of(name, shapes)
    (work,) = workloads.find([name])
    return work


if __name__ == "__main__":
    command.run(main)
