"""Exponentials, logarithms, powers and roots."""

from __future__ import annotations

__all__: list[str] = []
