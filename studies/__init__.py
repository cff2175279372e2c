"""Experiments on the harness itself; not installed with the package."""
