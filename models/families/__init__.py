"""A file a family of networks, the paper in its docstring."""
