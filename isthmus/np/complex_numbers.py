"""Complex numbers and their parts."""

from __future__ import annotations

__all__: list[str] = []
