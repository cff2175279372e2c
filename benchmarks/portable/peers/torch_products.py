"""torch's fastest matrix products, for the peaks of the machine; run in torch's environment."""

from __future__ import annotations

import json
from typing import Any

import torch

from ..timing.rates import best_of

Row = dict[str, Any]


def main(arguments: list[str]) -> None:
    """Threads, seconds, shapes as 8x16x32,..., precisions as f32,...: a row each, on one line."""
    threads, seconds, shapes, precisions = arguments
    torch.set_num_threads(int(threads))
    each = [tuple(map(int, shape.split("x"))) for shape in shapes.split(",")]
    print(json.dumps([_row(name, each, float(seconds)) for name in precisions.split(",")]))


def _row(precision: str, shapes: list[Any], seconds: float) -> Row:
    dtype = {"f32": torch.float32, "bf16": torch.bfloat16}[precision]
    calls = {}
    with torch.inference_mode():
        for rows, inner, columns in shapes:
            x = torch.randn(rows, inner).to(dtype)
            weight = torch.randn(columns, inner).to(dtype)
            name = f"{rows}x{inner}x{columns}"
            calls[name] = 2e-9 * rows * inner * columns, _product(x, weight)
        name, found = best_of(calls, seconds)
    by = f"torch {torch.__version__}, {name}"
    return {"precision": precision, "rate": found, "by": by}


def _product(x: Any, weight: Any) -> Any:
    return lambda: torch.nn.functional.linear(x, weight)
