"""What the backends of Triton take, as their sources say; what each cannot do is a row here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["BACKENDS", "TYPES", "ServerBackend"]

# NumPy's types by their names in `config.pbtxt`; complex numbers and texts have none here.
TYPES: Mapping[str, str] = {
    "bool": "TYPE_BOOL",
    "uint8": "TYPE_UINT8",
    "uint16": "TYPE_UINT16",
    "uint32": "TYPE_UINT32",
    "uint64": "TYPE_UINT64",
    "int8": "TYPE_INT8",
    "int16": "TYPE_INT16",
    "int32": "TYPE_INT32",
    "int64": "TYPE_INT64",
    "float16": "TYPE_FP16",
    "float32": "TYPE_FP32",
    "float64": "TYPE_FP64",
}


@dataclass(frozen=True)
class ServerBackend:
    """A backend of Triton.

    file: the model's name in a version's folder, which is the backend's default. runs: the backend
    of Isthmus that has the same runtime. joins: whether it runs requests of several callers as one.
    scalars: whether it takes arrays without axes. refuses: types of NumPy that it does not know.
    keeps: the precisions of programs whose numbers it gives on every processor. lacks: those that
    it has no kernels for on processors. caution: what else it does, or "".
    """

    file: str
    runs: str
    joins: bool
    scalars: bool
    refuses: frozenset[str] = frozenset()
    keeps: frozenset[str] = frozenset(("f32", "bf16", "f16", "int8"))
    lacks: frozenset[str] = frozenset()
    caution: str = ""


BACKENDS: Mapping[str, ServerBackend] = {
    "onnxruntime": ServerBackend(
        "model.onnx", "gpu", joins=True, scalars=True, lacks=frozenset(("bf16",))
    ),
    # `max_batch_size` becomes the model's one and only batch: smaller ones are refused, or padded
    # with a number of rows that stays from one call to the next. So the batch is an axis like any
    # other, and requests are run one by one, side by side in streams.
    "openvino": ServerBackend(
        "model.xml",
        "cpu",
        joins=False,
        scalars=False,
        refuses=frozenset(("float64",)),
        # It can ask for bfloat16 and not for float32, and OpenVINO's own choice is bfloat16 where
        # the processor has that; it leaves products of integers to what the file says.
        keeps=frozenset(("bf16", "int8")),
        caution="Triton's backend openvino computes float32 in bfloat16 on processors that have it",
    ),
}
