"""Rounding, and the parts of floating-point numbers."""

from __future__ import annotations

__all__: list[str] = []
