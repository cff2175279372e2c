"""What the stand-ins of Triton's backends share: the checks and the joining of the real ones.

The real backends are libraries that no package index has. These are Python-based backends, which
Triton's core loads in the same way, from the same folder, with the same configuration.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

LOG = "STAND_IN_LOG"
PACKAGES = "STAND_IN_PACKAGES"  # the environment's, as the core replaces PYTHONPATH

sys.path.insert(0, os.environ[PACKAGES])

import numpy  # noqa: E402
import triton_python_backend_utils as triton  # noqa: E402

Arrays = dict[str, Any]
Shapes = Mapping[str, Sequence[int]]


def runtime(name: str) -> Any:
    """The runtime's own package: the core imports the stand-in as a part of one of that name."""
    sys.modules.pop(name, None)
    return importlib.import_module(name)


class Served:
    """A model, as the core configured it. run: arrays in, arrays out, by name."""

    def __init__(self, args: Mapping[str, str], file: str) -> None:
        self.config: dict[str, Any] = json.loads(args["model_config"])
        self.name, self.version = args["model_name"], args["model_version"]
        self.path = Path(args["model_repository"]) / self.version / file
        self.most: int = self.config["max_batch_size"]
        values = self.config.get("parameters", {})
        self.parameters = {key: value["string_value"] for key, value in values.items()}

    def check(self, inputs: Shapes, outputs: Shapes) -> None:
        """As the real ones: inputs may be more or less known, results have to be the same."""
        for kind, shapes, exact in (("input", inputs, False), ("output", outputs, True)):
            said = {each["name"]: self._whole(each) for each in self.config[kind]}
            if kind == "input" and said.keys() != shapes.keys():
                raise triton.TritonModelException(
                    f"inputs {list(said)}, of the file {list(shapes)}"
                )
            for name, sizes in said.items():
                known = shapes[name]
                if list(known) == [] and set(sizes) == {1}:
                    continue  # an array without axes
                pairs = list(zip(sizes, known, strict=False))
                same = len(sizes) == len(known) and all(
                    a == b or (not exact and -1 in (a, b)) for a, b in pairs
                )
                if not same:
                    raise triton.TritonModelException(f"{name}: {sizes}, of the file {list(known)}")

    def _whole(self, tensor: Mapping[str, Any]) -> list[int]:
        sizes = [int(size) for size in tensor["dims"]]
        return [-1, *sizes] if self.most else sizes

    def execute(self, requests: Sequence[Any], run: Callable[[Arrays], Arrays]) -> list[Any]:
        """The responses: requests joined to one call where the model takes several, else apart."""
        names = [each["name"] for each in self.config["input"]]
        arrays = [
            {name: triton.get_input_tensor_by_name(one, name).as_numpy() for name in names}
            for one in requests
        ]
        groups = [arrays] if self.most else [[one] for one in arrays]
        return [each for group in groups for each in self._answered(group, run)]

    def _answered(self, group: Sequence[Arrays], run: Callable[[Arrays], Arrays]) -> list[Any]:
        joined = {name: numpy.concatenate([one[name] for one in group]) for name in group[0]}
        self._log({name: list(array.shape) for name, array in joined.items()}, len(group))
        found = run(joined)
        rows = [len(next(iter(one.values()))) for one in group]
        ends = numpy.cumsum(rows)[:-1]
        parts = {
            name: numpy.split(numpy.asarray(array), ends) if self.most else [numpy.asarray(array)]
            for name, array in found.items()
        }
        return [
            triton.InferenceResponse(
                [triton.Tensor(name, numpy.ascontiguousarray(numpy.atleast_1d(own[at])))
                 for name, own in parts.items()]
            )
            for at in range(len(group))
        ]  # fmt: skip

    def _log(self, shapes: Mapping[str, list[int]], requests: int) -> None:
        if path := os.environ.get(LOG):
            line = {
                "model": self.name,
                "version": self.version,
                "shapes": shapes,
                "requests": requests,
            }
            with open(path, "a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")
