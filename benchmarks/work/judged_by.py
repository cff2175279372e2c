"""What the accuracy of a lower precision is judged by: inputs, and what is asked of the outputs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from .input_sets import Arrays

__all__ = ["JudgedBy", "Kind", "Weights"]

Kind = Literal["classes", "similarities", "outputs"]
Weights = Literal["published", "random"]


@dataclass(frozen=True)
class JudgedBy:
    """Sets of inputs of `items` items in all; what is beyond them fills up the last set.

    kind: outputs [N, classes] that rank classes, [N, width] that are alike where items are, or
    any. weights, inputs: what a result says of them.
    """

    sets: Sequence[Arrays]
    items: int
    kind: Kind
    weights: Weights
    inputs: str

    @property
    def facts(self) -> dict[str, Any]:
        """What a result says of them."""
        return {"weights": self.weights, "inputs": self.inputs}
