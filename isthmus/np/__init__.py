"""NumPy-compatible functions: NumPy itself on NumPy's arrays, recorded on traced ones.

A chapter of the Array API standard, or of NumPy beside it, is a file; its `__all__` says what it
offers. `linalg` and `fft` are the standard's extensions.
"""

from __future__ import annotations

import sys
from typing import NoReturn

import numpy

from isthmus.trace import slots

from . import (
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
    pieces,
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
    windows,
)
from . import quotients as _quotients  # noqa: F401  it has an operator
from .assignment import *
from .axes import *
from .bitwise import *
from .closeness import *
from .comparisons import *
from .complex_numbers import *
from .convolution import *
from .covariance import *
from .creation import *
from .cumulative import *
from .data_types import *
from .differences import *
from .einstein import *
from .elementwise import *
from .exponents import *
from .histograms import *
from .index_arrays import *
from .indexing import *
from .insertion import *
from .inspection import *
from .joining import *
from .linear_algebra import *
from .lookups import *
from .manipulation import *
from .nan_statistics import *
from .order import *
from .padding import *
from .pieces import *
from .polynomials import *
from .positions import *
from .products import *
from .quantiles import *
from .ranges import *
from .repetition import *
from .rounding import *
from .searching import *
from .selection import *
from .sets import *
from .statistical import *
from .triangles import *
from .trigonometry import *
from .windows import *

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
__all__ += pieces.__all__
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
__all__ += windows.__all__


def __getattr__(name: str) -> NoReturn:
    if name.startswith("_"):  # what tools ask any module for
        raise AttributeError(f"isthmus.np has no '{name}'")
    import difflib

    if name == "lib":
        raise AttributeError(
            "isthmus.np has no 'lib'; sliding_window_view of numpy.lib.stride_tricks is "
            "np.sliding_window_view"
        )
    near = difflib.get_close_matches(name, __all__, n=1)
    hint = f"the nearest is np.{near[0]}" if near else "see dir(isthmus.np) for what there is"
    known = "NumPy has it, this release does not" if hasattr(numpy, name) else "NumPy has none"
    raise AttributeError(f"isthmus.np has no '{name}' ({known}); {hint}")


slots.np.fill(sys.modules[__name__])
