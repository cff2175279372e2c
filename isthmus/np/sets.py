"""Sets of the elements of arrays."""

from __future__ import annotations

__all__: list[str] = []
