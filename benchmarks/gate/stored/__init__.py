"""Benchmarks measured before: two result files, or a history of them."""
