"""Lets `import timm` work where torchvision is not installed: every torchvision name is empty.

timm takes only image augmentation from torchvision, which no comparison of networks uses. Call
`install()` before `import timm`; with torchvision installed it does nothing.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType

import torch


class _Members(type):
    """Of a placeholder class: any public attribute, as enumerations have, is its own name."""

    def __getattr__(cls, name: str) -> str:
        if name.startswith("_"):
            raise AttributeError(name)
        return f"{cls.__name__}.{name}"


class _Stand(ModuleType):
    """A module in which any public name is a class that does nothing."""

    __path__: list[str]

    def __getattr__(self, name: str) -> type:
        if name.startswith("__"):
            raise AttributeError(name)
        placeholder = _Members(name, (torch.nn.Module,), {"__module__": self.__name__})
        setattr(self, name, placeholder)
        return placeholder


class _StandLoader(Loader):
    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return _Stand(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        module.__path__ = []
        module.__version__ = "0.0.0"  # type: ignore[attr-defined]


class _StandFinder(MetaPathFinder):
    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        wanted = name.split(".")[0] == "torchvision"
        return ModuleSpec(name, _StandLoader(), is_package=True) if wanted else None


def install() -> None:
    """Answers `import torchvision...` with stand-ins from now on, unless it is installed."""
    if find_spec("torchvision") is None:
        sys.meta_path.append(_StandFinder())
