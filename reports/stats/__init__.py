"""Intervals and change points."""
