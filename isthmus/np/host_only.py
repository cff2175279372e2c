"""Why no runtime computes an operator as NumPy does, so that the host has it."""

__all__ = [
    "CHOSEN",
    "COMPLEX",
    "COUNTED",
    "DECOMPOSED",
    "DISCOVERED",
    "FITTED",
    "PLACED",
    "RUNNING",
    "SEARCHED",
    "SORTED",
    "SPACED",
    "WIDENED",
]

CHOSEN = "no runtime checks positions along several axes, or what a mask chooses"
COMPLEX = "no runtime computes with complex numbers"
COUNTED = "no runtime counts elements by value"
DECOMPOSED = "no runtime decomposes matrices as LAPACK does"
DISCOVERED = "how many elements it gives depends on values"
FITTED = "no runtime has NumPy's formula for it"
PLACED = "no runtime says which of several values for one place remains"
RUNNING = "no runtime has running products"
SEARCHED = "it searches in an order that NaN is part of"
SORTED = "top-k puts NaN elsewhere than NumPy, and orders equal elements otherwise"
SPACED = "the runtimes round sums of steps otherwise than NumPy"
WIDENED = "no runtime has NumPy's order of the elements that are put around"
