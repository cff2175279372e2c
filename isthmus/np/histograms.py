"""Counts in bins, and interpolation between points."""

from __future__ import annotations

__all__: list[str] = []
