"""The standard's extension `linalg`, and what NumPy has beside it: functions of matrices."""

from isthmus.np.linalg.functions import *
from isthmus.np.linalg.functions import __all__ as __all__
