"""How each peer opens and runs a prepared workload."""
