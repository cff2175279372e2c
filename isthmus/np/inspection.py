"""What a namespace can do: its devices, dtypes and capabilities, as the standard asks."""

from __future__ import annotations

from typing import Any

import numpy

__all__ = ["__array_api_version__", "__array_namespace_info__"]

API_VERSIONS = ("2022.12", "2023.12", "2024.12", "2025.12")
__array_api_version__ = API_VERSIONS[-1]


class NamespaceInfo:
    """The answers of `xp.__array_namespace_info__()`, for one device."""

    def __init__(self, device: Any = "cpu", api_version: str = API_VERSIONS[-1]) -> None:
        self.device = device
        self.api_version = api_version
        self._numpy: Any = numpy.__array_namespace_info__()

    def capabilities(self) -> dict[str, Any]:
        """Masks as indices and sizes that depend on values are taken; axes are at most 64."""
        return {"boolean indexing": True, "data-dependent shapes": True, "max dimensions": 64}

    def default_device(self) -> Any:
        return self.device

    def default_dtypes(self, *, device: Any = None) -> dict[str, Any]:
        """float64, complex128 and int64, as NumPy."""
        self._check(device)
        found: dict[str, Any] = self._numpy.default_dtypes()
        return found

    def dtypes(self, *, device: Any = None, kind: Any = None) -> dict[str, Any]:
        """The dtypes of a kind ("integral", ("bool", "real floating") ...), by name."""
        self._check(device)
        found: dict[str, Any] = self._numpy.dtypes(kind=kind)
        return found

    def devices(self) -> Any:
        """The one device, in a tuple; before version 2025.12 of the standard in a list."""
        return [self.device] if self.api_version < "2025.12" else (self.device,)

    def _check(self, device: Any) -> None:
        if device is not None and str(device) != str(self.device):
            raise ValueError(f"device={device}: there is {self.device}")


def __array_namespace_info__() -> NamespaceInfo:
    """Capabilities, dtypes and devices.

    A `NamespaceInfo`, as the Array API standard's inspection describes it; its methods raise
    ValueError for a device that is not there.

    >>> from isthmus import np
    >>> np.__array_namespace_info__().default_dtypes()["real floating"]
    dtype('float64')
    """
    return NamespaceInfo()
