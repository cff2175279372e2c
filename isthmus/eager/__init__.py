"""Devices that hold arrays and run operators at once, and their Array API namespaces."""
