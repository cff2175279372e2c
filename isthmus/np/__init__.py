"""NumPy-compatible functions: NumPy itself on NumPy's arrays, recorded on traced ones.

A chapter of the Array API standard, or of NumPy beside it, is a file; its `__all__` says what it
offers. `linalg` and `fft` are the standard's extensions.
"""

from __future__ import annotations

from typing import NoReturn

import numpy

from isthmus.np import (
    bitwise,
    complex_numbers,
    creation,
    data_types,
    differences,
    elementwise,
    exponents,
    fft,
    histograms,
    index_arrays,
    indexing,
    joining,
    linalg,
    linear_algebra,
    manipulation,
    nan_statistics,
    order,
    polynomials,
    products,
    rounding,
    searching,
    sets,
    statistical,
    triangles,
    trigonometry,
)
from isthmus.np.bitwise import *
from isthmus.np.complex_numbers import *
from isthmus.np.creation import *
from isthmus.np.data_types import *
from isthmus.np.differences import *
from isthmus.np.elementwise import *
from isthmus.np.exponents import *
from isthmus.np.histograms import *
from isthmus.np.index_arrays import *
from isthmus.np.indexing import *
from isthmus.np.joining import *
from isthmus.np.linear_algebra import *
from isthmus.np.manipulation import *
from isthmus.np.nan_statistics import *
from isthmus.np.order import *
from isthmus.np.polynomials import *
from isthmus.np.products import *
from isthmus.np.rounding import *
from isthmus.np.searching import *
from isthmus.np.sets import *
from isthmus.np.statistical import *
from isthmus.np.triangles import *
from isthmus.np.trigonometry import *

__all__ = ["fft", "linalg"]
__all__ += bitwise.__all__
__all__ += complex_numbers.__all__
__all__ += creation.__all__
__all__ += data_types.__all__
__all__ += differences.__all__
__all__ += elementwise.__all__
__all__ += exponents.__all__
__all__ += histograms.__all__
__all__ += index_arrays.__all__
__all__ += indexing.__all__
__all__ += joining.__all__
__all__ += linear_algebra.__all__
__all__ += manipulation.__all__
__all__ += nan_statistics.__all__
__all__ += order.__all__
__all__ += polynomials.__all__
__all__ += products.__all__
__all__ += rounding.__all__
__all__ += searching.__all__
__all__ += sets.__all__
__all__ += statistical.__all__
__all__ += triangles.__all__
__all__ += trigonometry.__all__


def __getattr__(name: str) -> NoReturn:
    import difflib

    near = difflib.get_close_matches(name, __all__, n=1)
    hint = f"the nearest is np.{near[0]}" if near else "see dir(isthmus.np) for what there is"
    known = "NumPy has it, this release does not" if hasattr(numpy, name) else "NumPy has none"
    raise AttributeError(f"isthmus.np has no '{name}' ({known}); {hint}")
