"""Variants measured in processes that take turns, on prepared files."""
