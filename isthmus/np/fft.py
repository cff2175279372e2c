"""The standard's extension `fft`: discrete Fourier transforms."""

from __future__ import annotations

__all__: list[str] = []
