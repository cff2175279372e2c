"""Plots, each drawn from a report's data alone."""
