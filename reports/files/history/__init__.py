"""Runs that are kept, and the history of a benchmark in several files."""
