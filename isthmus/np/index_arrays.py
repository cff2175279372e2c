"""Arrays of indices, and functions that look up by them."""

from __future__ import annotations

__all__: list[str] = []
