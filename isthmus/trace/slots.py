"""What arrays ask of modules above them: two slots, each filled by the last line of its module.

An array's operators and methods are functions of `isthmus.np`, which are made of arrays; and an
array answers for its namespace, which is made of devices that hold arrays.
"""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

__all__ = ["Slot", "namespaces", "np"]


class Slot:
    """The attributes of a module that fills it, each looked up once."""

    def __init__(self, filler: str) -> None:
        self._filler = filler
        self._module: Callable[[], ModuleType] | None = None

    def fill(self, module: ModuleType | Callable[[], ModuleType]) -> None:
        """From now on the attributes are those of the module, or of what the function imports."""
        self._module = (lambda: module) if isinstance(module, ModuleType) else module

    def __getattr__(self, name: str) -> Any:
        if self._module is None:
            raise AttributeError(f"{name}: import {self._filler} first")
        found = getattr(self._module(), name)
        setattr(self, name, found)
        return found


np: Any = Slot("isthmus.np")
namespaces: Any = Slot("isthmus.eager.namespace")
