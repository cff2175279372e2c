"""Published weights as NumPy arrays, fitted to a model's parameters."""
