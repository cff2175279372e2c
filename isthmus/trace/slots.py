"""`isthmus.np` for arrays, whose operators and methods are its functions, which are made of arrays.

So neither can be imported before the other: a function is looked up when it is first called.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any


class _Functions:
    """The module's attributes, each looked up once."""

    def __getattr__(self, name: str) -> Any:
        found = getattr(import_module("isthmus.np"), name)
        setattr(self, name, found)
        return found


np: Any = _Functions()
