"""What a program takes and gives, as the servers write it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from isthmus.errors import UsageError
from isthmus.graph.dims import Dim
from isthmus.graph.nodes import Graph, Type

from .servers import BACKENDS, TYPES

__all__ = ["ANY", "Signature", "Tensor", "signature_of"]

OF_ALL = "onnxruntime"  # which takes what the others refuse
ANY = -1  # a size that requests decide


@dataclass(frozen=True)
class Tensor:
    """name, TYPE_FP32 and so on, and all sizes, the batch's too; -1 is any."""

    name: str
    type: str
    dims: tuple[int, ...]


@dataclass(frozen=True)
class Signature:
    """What all versions of one model share. backend: of Triton. max_batch_size: 0 where requests
    are not joined."""

    backend: str
    max_batch_size: int
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]

    def document(self) -> dict[str, Any]:
        """For JSON."""
        as_lists = [
            [{**asdict(each), "dims": list(each.dims)} for each in some]
            for some in (self.inputs, self.outputs)
        ]
        return {
            "backend": self.backend,
            "max_batch_size": self.max_batch_size,
            "inputs": as_lists[0],
            "outputs": as_lists[1],
        }

    def __str__(self) -> str:
        sides = (
            ", ".join(f"{one.name} {one.type}{list(one.dims)}" for one in some)
            for some in (self.inputs, self.outputs)
        )
        most = self.max_batch_size
        joined = f"joins up to {most} rows" if most else "joins nothing"
        return f"{self.backend}, {joined}: {' -> '.join(sides)}"


def signature_of(graph: Graph, backend: str, max_batch_size: int) -> Signature:
    """UsageError for an array that the server has no type for, or cannot be sent."""
    outputs = zip(graph.output_names, (value.type for value in graph.outputs), strict=True)
    inputs = ((value.name, value.type) for value in graph.inputs)
    found = _tensors("input", inputs, backend), _tensors("result", outputs, backend)
    return Signature(backend, max_batch_size, *found)


def _tensors(kind: str, named: Iterable[tuple[str, Type]], backend: str) -> tuple[Tensor, ...]:
    found = tuple(_tensor(kind, name, known, backend) for name, known in named)
    if not found:
        raise UsageError(f"a program without {kind}s has nothing to serve; give it one")
    return found


def _tensor(kind: str, name: str, known: Type, backend: str) -> Tensor:
    said, server = f"{kind} {name}: {known}", BACKENDS[backend]
    if (type_name := TYPES.get(known.dtype.name)) is None:
        raise UsageError(f"{said}: servers have no {known.dtype}; convert it in the program")
    reason = None
    if known.dtype.name in server.refuses:
        reason = f"has no {known.dtype}"
    elif not known.shape and not server.scalars:
        reason = "takes no array without axes"
    if reason is not None:
        step = f"give --server-backend {OF_ALL}"
        raise UsageError(f"{said}: Triton's {backend} {reason}; {step}")
    if 0 in [size for size in known.shape if not isinstance(size, Dim)]:
        raise UsageError(f"{said}: servers refuse an axis of size 0; leave this {kind} out")
    return Tensor(name, type_name, tuple(_sizes(known)) or (1,))


def _sizes(known: Type) -> list[int]:
    return [ANY if isinstance(size, Dim) else int(size) for size in known.shape]
