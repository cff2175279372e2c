"""What a graph tells without being run: intervals, index checks, cost."""
