"""Arrays joined, split, padded and repeated."""

from __future__ import annotations

__all__: list[str] = []
