"""Texts and photographs as the numbers that models take, and class names."""
