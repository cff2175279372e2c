"""The standard's extension `fft`, and NumPy's transforms of two axes beside it."""

from isthmus.np.fft.transforms import *
from isthmus.np.fft.transforms import __all__ as __all__
