"""What runs inside a measured process, in any peer's interpreter: Python 3.11, NumPy 1.22.

Importing a module of this package imports nothing but the standard library and NumPy; a runtime
is imported by its opener `on_*.py`, when it is asked to load.
"""
