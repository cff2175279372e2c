"""What `isthmus export` was asked to write: a model of the catalogue, or a program's file."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from isthmus.errors import UsageError

from .options import created

if TYPE_CHECKING:
    from isthmus.graph.nodes import Type
    from isthmus.models import Model

__all__ = ["Wanted"]


@dataclass(frozen=True)
class Wanted:
    """model: a name of the catalogue, or a path; the rest as the options of the command."""

    model: str
    weights: str | None
    seed: int
    head: str | None
    sizes: Mapping[str, str]

    @property
    def is_program(self) -> bool:
        """Whether it is a file."""
        from .run_program import is_program

        return is_program(self.model)

    def check_program(self) -> None:
        """UsageError for options that a program's file has no use for."""
        given = [f"--{name}" for name in self.sizes]
        given += ["--weights"] * bool(self.weights) + ["--head"] * bool(self.head)
        if given:
            raise UsageError(
                f"{self.model} is a saved program, with sizes of its own; leave {given[0]}"
            )

    def block(self) -> Model:
        """The model of the catalogue with its weights."""
        head = {"head": self.head} if self.head else {}
        return created(self.model, self.weights, self.seed, **head)

    def specs(self) -> dict[str, Type]:
        """The specs of the model's inputs; UsageError for a size that it does not have."""
        from isthmus import models

        entry = models.find(self.model)
        known = list(inspect.signature(entry.kind.specs).parameters)
        for name, size in self.sizes.items():
            if name not in known:
                has = ", ".join(f"--{word}" for word in known)
                raise UsageError(f"{self.model} has no --{name}; it has {has}")
            if size.strip().isdigit() and int(size) == 0:
                raise UsageError(f"--{name} 0: nothing to compute; give a number from 1, or a name")
        return entry.specs(**self.sizes)
