"""Dollars per million requests: prices, projections, break-even points."""
