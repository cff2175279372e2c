"""Which nodes of a graph run in half precision, and where values are rounded to it."""

from .overrides import Overrides
from .placing import in_half

__all__ = ["Overrides", "in_half"]
