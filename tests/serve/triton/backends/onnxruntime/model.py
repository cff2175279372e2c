"""In place of Triton's backend onnxruntime: the same file, parameters and checks."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.realpath(__file__))))

from stand_in import Arrays, Served, runtime

onnxruntime = runtime("onnxruntime")


class TritonPythonModel:
    """As Triton's Python-based backends want it."""

    def initialize(self, args: Mapping[str, str]) -> None:
        self.served = Served(args, "model.onnx")
        settings = onnxruntime.SessionOptions()
        settings.intra_op_num_threads = int(self.served.parameters["intra_op_thread_count"])
        settings.inter_op_num_threads = int(self.served.parameters["inter_op_thread_count"])
        self.session = onnxruntime.InferenceSession(
            str(self.served.path), settings, providers=["CPUExecutionProvider"]
        )
        self.served.check(_shapes(self.session.get_inputs()), _shapes(self.session.get_outputs()))
        self.scalars = {each.name for each in self.session.get_inputs() if not each.shape}

    def execute(self, requests: Sequence[Any]) -> list[Any]:
        return self.served.execute(requests, self._run)

    def _run(self, arrays: Arrays) -> Arrays:
        given = {
            n: array.reshape(()) if n in self.scalars else array for n, array in arrays.items()
        }
        names = [each.name for each in self.session.get_outputs()]
        return dict(zip(names, self.session.run(names, given), strict=True))


def _shapes(values: Sequence[Any]) -> dict[str, list[int]]:
    return {
        each.name: [size if isinstance(size, int) else -1 for size in each.shape] for each in values
    }
