"""What a workload runs, opened once: the program for Isthmus, the model file for the others."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from isthmus.errors import UsageError
from isthmus.graph.nodes import Type
from isthmus.program.export import export
from isthmus.trace.tracing import Traced, trace

__all__ = ["FunctionSource", "Source"]


class Source(Protocol):
    """A model as `prepare` writes it down; UsageError is the reason why it cannot be."""

    @property
    def files(self) -> Sequence[Path]:
        """The user's own files; none for a function, which `prepare` writes down."""

    @property
    def classes(self) -> bool:
        """Whether an output [N, classes] ranks classes, so that the first of them counts."""

    def traced(self, *, named: bool = False) -> Traced:
        """The program for the workload's sizes, or for any: `named`."""

    def write_model(self, folder: Path) -> list[Path]:
        """`model.onnx` or `model.xml` in the folder, and after it what belongs to it."""


@dataclass(frozen=True)
class FunctionSource:
    """A function or Block of arrays, and the types of its arguments."""

    function: Callable[..., Any]
    specs: Mapping[str, Type]
    named_specs: Mapping[str, Type] | None = None
    classes: bool = False
    files: tuple[Path, ...] = ()

    def traced(self, *, named: bool = False) -> Traced:
        specs = self.named_specs if named else self.specs
        if specs is None:
            raise UsageError("this workload's sizes have no names")
        return trace(self.function, dict(specs))

    def write_model(self, folder: Path) -> list[Path]:
        export(self.function, dict(self.specs), folder / "model.onnx")
        return sorted(folder.glob("model.onnx*"))
