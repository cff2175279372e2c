"""Layers of a graph computed in integers of eight bits (Jacob et al. 2018, arXiv:1712.05877).

graph = folded(graph)
found = layers(graph, stays)
...what is seen in `observed(found, residual_sums(graph, found))`, on the user's samples...
graph = quantized(graph, seen, stays)
"""

from .weights import with_small_weights

__all__ = ["with_small_weights"]
