"""Bits of integers, and their greatest common divisors."""

from __future__ import annotations

__all__: list[str] = []
