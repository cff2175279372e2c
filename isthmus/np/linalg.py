"""The standard's extension `linalg`: decompositions, solutions and norms of matrices."""

from __future__ import annotations

__all__: list[str] = []
