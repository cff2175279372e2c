"""The outcome of a gate for people and machines, a file a format."""
