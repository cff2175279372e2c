"""NumPy-compatible functions: NumPy itself on NumPy's arrays, recorded on traced ones.

A chapter of the Array API standard, or of NumPy beside it, is a file; its `__all__` says what it
offers. `linalg` and `fft` are the standard's extensions.
"""

from __future__ import annotations

from typing import NoReturn

import numpy

from isthmus.np import (
    assignment,
    axes,
    bitwise,
    closeness,
    comparisons,
    complex_numbers,
    convolution,
    covariance,
    creation,
    cumulative,
    data_types,
    differences,
    einstein,
    elementwise,
    exponents,
    fft,
    histograms,
    index_arrays,
    indexing,
    insertion,
    inspection,
    joining,
    linalg,
    linear_algebra,
    lookups,
    manipulation,
    nan_statistics,
    order,
    padding,
    polynomials,
    positions,
    products,
    quantiles,
    ranges,
    repetition,
    rounding,
    searching,
    selection,
    sets,
    statistical,
    triangles,
    trigonometry,
)
from isthmus.np.assignment import *
from isthmus.np.axes import *
from isthmus.np.bitwise import *
from isthmus.np.closeness import *
from isthmus.np.comparisons import *
from isthmus.np.complex_numbers import *
from isthmus.np.convolution import *
from isthmus.np.covariance import *
from isthmus.np.creation import *
from isthmus.np.cumulative import *
from isthmus.np.data_types import *
from isthmus.np.differences import *
from isthmus.np.einstein import *
from isthmus.np.elementwise import *
from isthmus.np.exponents import *
from isthmus.np.histograms import *
from isthmus.np.index_arrays import *
from isthmus.np.indexing import *
from isthmus.np.insertion import *
from isthmus.np.inspection import *
from isthmus.np.joining import *
from isthmus.np.linear_algebra import *
from isthmus.np.lookups import *
from isthmus.np.manipulation import *
from isthmus.np.nan_statistics import *
from isthmus.np.order import *
from isthmus.np.padding import *
from isthmus.np.polynomials import *
from isthmus.np.positions import *
from isthmus.np.products import *
from isthmus.np.quantiles import *
from isthmus.np.ranges import *
from isthmus.np.repetition import *
from isthmus.np.rounding import *
from isthmus.np.searching import *
from isthmus.np.selection import *
from isthmus.np.sets import *
from isthmus.np.statistical import *
from isthmus.np.triangles import *
from isthmus.np.trigonometry import *

__all__ = ["fft", "linalg"]
__all__ += assignment.__all__
__all__ += axes.__all__
__all__ += bitwise.__all__
__all__ += closeness.__all__
__all__ += comparisons.__all__
__all__ += complex_numbers.__all__
__all__ += convolution.__all__
__all__ += covariance.__all__
__all__ += creation.__all__
__all__ += cumulative.__all__
__all__ += data_types.__all__
__all__ += differences.__all__
__all__ += einstein.__all__
__all__ += elementwise.__all__
__all__ += exponents.__all__
__all__ += histograms.__all__
__all__ += index_arrays.__all__
__all__ += indexing.__all__
__all__ += insertion.__all__
__all__ += inspection.__all__
__all__ += joining.__all__
__all__ += linear_algebra.__all__
__all__ += lookups.__all__
__all__ += manipulation.__all__
__all__ += nan_statistics.__all__
__all__ += order.__all__
__all__ += padding.__all__
__all__ += polynomials.__all__
__all__ += positions.__all__
__all__ += products.__all__
__all__ += quantiles.__all__
__all__ += ranges.__all__
__all__ += repetition.__all__
__all__ += rounding.__all__
__all__ += searching.__all__
__all__ += selection.__all__
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
