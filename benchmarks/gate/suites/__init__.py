"""Benchmarks measured on two revisions at once: workloads, pytest suites, commands."""
