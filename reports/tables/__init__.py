"""Tables of speedups, peers, scenarios and trends."""
