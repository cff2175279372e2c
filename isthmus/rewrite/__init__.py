"""Graph to graph: gradients, and formulas that lowerings are written with."""
