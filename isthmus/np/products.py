"""Products of vectors and tensors: NumPy's other names beside matmul."""

from __future__ import annotations

__all__: list[str] = []
