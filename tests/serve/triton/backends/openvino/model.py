"""In place of Triton's backend openvino: the same file, parameters and checks."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.realpath(__file__))))

from stand_in import Arrays, Served, numpy, runtime

openvino = runtime("openvino")

KNOWN = ("INFERENCE_NUM_THREADS", "NUM_STREAMS", "PERFORMANCE_HINT")


class TritonPythonModel:
    """As Triton's Python-based backends want it."""

    def initialize(self, args: Mapping[str, str]) -> None:
        self.served = Served(args, "model.xml")
        if self.served.most:  # the real one makes the batch this size and no other
            raise ValueError("max_batch_size above 0")
        model = openvino.Core().read_model(self.served.path)
        self.served.check(_shapes(model.inputs), _shapes(model.outputs))
        settings = {name: self.served.parameters[name] for name in KNOWN}
        assert settings.keys() == self.served.parameters.keys()
        compiled = openvino.Core().compile_model(model, "CPU", settings)
        self.names = [each.any_name for each in model.outputs]
        self.request = compiled.create_infer_request()

    def execute(self, requests: Sequence[Any]) -> list[Any]:
        return self.served.execute(requests, self._run)

    def _run(self, arrays: Arrays) -> Arrays:
        self.request.infer(arrays)
        return {name: numpy.array(self.request.get_tensor(name).data) for name in self.names}


def _shapes(ports: Sequence[Any]) -> dict[str, list[int]]:
    return {
        each.any_name: [
            size.get_length() if size.is_static else -1 for size in each.get_partial_shape()
        ]
        for each in ports
    }
