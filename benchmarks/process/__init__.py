"""Earlier names of what a gate runs of each revision; see `isthmus.benchmarks.harness`."""
