"""`namespace("cpu")`: the Array API standard, with arrays that live on a backend.

    >>> xp = namespace("numpy")
    >>> x = xp.asarray([1.0, 2.0])
    >>> float(xp.sum(x * x))
    5.0

Its functions are those of `isthmus.np`; called with its arrays they run on its device, and what
they make of sizes and numbers alone is put there. See https://data-apis.org/array-api.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from functools import cache, wraps
from types import ModuleType
from typing import Any

import numpy

from isthmus import np
from isthmus.errors import UsageError
from isthmus.graph.foreign import plain
from isthmus.graph.nodes import Held
from isthmus.np.inspection import API_VERSIONS, NamespaceInfo
from isthmus.program.backend import backend_names, find_backend
from isthmus.program.options import LOW, checked_options
from isthmus.program.precision import check_offered
from isthmus.system.threads import available_threads
from isthmus.trace import slots
from isthmus.trace.array import Array
from isthmus.trace.op import kind_of

from .device import Device

__all__ = [
    "Namespace",
    "home",
    "moved",
    "namespace",
    "namespace_of",
    "place_of_constants",
    "versions",
]


def namespace(
    name: str,
    *,
    threads: int | None = None,
    device: str | None = None,
    precision: str = "f32",
    api_version: str | None = None,
) -> Namespace:
    """The Array API namespace of a backend: "numpy", "cpu", "gpu" or that of another package.

    threads: compute threads; None is what affinity and the container's quota allow. device: "cuda"
    (the default), "cuda:1" or "cpu", for "gpu". precision: "f32", or "bf16" or "f16", in which
    matrix products and convolutions are computed, see `isthmus.compile`. api_version: of the
    standard; None is the latest. The same arguments give the same namespace; it keeps 256 programs,
    those used last.
    Raises UsageError, BackendMissing.

    >>> import isthmus as im
    >>> xp = im.namespace("cpu")
    >>> x = xp.asarray([1.0, 2.0], dtype=xp.float32)
    >>> float(xp.sum(x * x))
    5.0
    >>> x.device
    cpu
    """
    place = _device(name, threads or available_threads(), device, precision)
    return versions(place, api_version)


@cache
def _device(name: str, threads: int, device: str | None, precision: str) -> Device:
    if precision not in ("f32", *LOW):
        wanted = " or ".join(map(repr, ("f32", *LOW)))
        raise UsageError(f"precision={precision!r} of a namespace; give {wanted}")
    options = checked_options(precision, threads, "numpy", "allow", device)
    backend = find_backend(name)
    check_offered(backend, options)
    return Device(name, backend, options)


@cache
def versions(device: Device, api_version: str | None = None) -> Namespace:
    """The namespace of a device for a version of the standard."""
    wanted = api_version or API_VERSIONS[-1]
    if wanted not in API_VERSIONS:
        raise UsageError(f"api_version={api_version!r}; there are {', '.join(API_VERSIONS)}")
    return Namespace(device, wanted)


# Functions whose several arrays were in a list before version 2025.12, and are in a tuple since.
LISTS = {"broadcast_arrays", "meshgrid"}


class Namespace(ModuleType):
    """`isthmus.np` on one device; `linalg` and `fft` are such namespaces as well."""

    def __init__(self, device: Device, api_version: str, chapter: ModuleType = np) -> None:
        tail = chapter.__name__.removeprefix(np.__name__)
        super().__init__(f"isthmus.namespace.{device}{tail}", chapter.__doc__)
        self.__array_api_version__ = api_version
        self._device = device
        self._chapter = chapter
        self.__all__ = chapter.__all__

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._chapter, name)
        if isinstance(found, ModuleType):
            found = Namespace(self._device, self.__array_api_version__, found)
        elif callable(found) and not isinstance(found, type):
            found = self._placing(found)
        setattr(self, name, found)
        return found

    def __dir__(self) -> list[str]:
        return [*self.__all__, "__array_namespace_info__", "from_dlpack"]

    def __reduce__(self) -> Any:
        place = self._device
        options = place.options
        return _restored, (place.name, options.threads, options.device, options.precision)

    def _placing(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def placed(*args: Any, **keywords: Any) -> Any:
            if keywords.get("device") is not None:
                self._check_device(keywords.pop("device"))
            found = self._placed(function(*args, **keywords), args)
            return list(found) if gives_list else found

        gives_list = function.__name__ in LISTS and self.__array_api_version__ < "2025.12"
        return placed

    def _check_device(self, wanted: Any) -> None:
        if str(wanted) != self._device.name:
            raise UsageError(
                f"device={wanted}: this namespace has '{self._device}'; make the array in "
                f"isthmus.namespace('{wanted}'), or move it there with to_device"
            )

    def _placed(self, found: Any, given: Sequence[Any] = ()) -> Any:
        """What a function made, with NumPy's arrays put on the device.

        One that is given, or a view, is copied: whoever has its memory may change the elements.
        """
        if isinstance(found, numpy.ndarray | numpy.generic):
            if found.dtype.kind not in "biufc":
                return found
            array = numpy.asarray(found)
            own = array.flags.owndata and not any(array is each for each in given)
            return self._device.hold(array if own else array.copy())
        if isinstance(found, tuple) and hasattr(found, "_fields"):
            return type(found)(*(self._placed(part, given) for part in found))
        if isinstance(found, tuple | list):
            return type(found)(self._placed(part, given) for part in found)
        return found

    def __array_namespace_info__(self) -> NamespaceInfo:
        """Capabilities, dtypes and devices."""
        return NamespaceInfo(self._device, self.__array_api_version__)

    def asarray(
        self, obj: Any, /, *, dtype: Any = None, device: Any = None, copy: bool | None = None
    ) -> Any:
        """Numbers, nested lists, NumPy's arrays or arrays of any device, on this one.

        copy: True for a new array; False for no copy, else ValueError, and then NumPy's array
        must not change any more; None for what is needed, of NumPy's arrays a copy.
        """
        if device is not None:
            self._check_device(device)
        if isinstance(obj, Array):
            return self._of_array(obj, dtype, copy)
        kind_of((obj,))  # which refuses arrays that mean more than their elements
        if copy is not False:
            return self._device.hold(numpy.array(obj, dtype))
        if not isinstance(obj, numpy.ndarray):
            raise UsageError(f"asarray of a {type(obj).__name__} copies; leave out copy=False")
        if plain(obj).dtype != obj.dtype:
            raise UsageError(f"asarray of {obj.dtype} copies; leave out copy=False")
        return self._device.hold(numpy.asarray(obj, dtype, copy=False))

    array = asarray

    def _of_array(self, array: Array, dtype: Any, copy: bool | None) -> Array:
        same_type = dtype is None or numpy.dtype(dtype) == array.dtype
        place = getattr(array.value, "device", self._device)  # a traced array has none yet
        if copy is False and not (same_type and place is self._device):
            raise UsageError(
                f"asarray of {array.type} on {place} as {dtype or array.dtype} on "
                f"{self._device} copies; leave out copy=False"
            )
        if place is not self._device:
            array = self._device.hold(numpy.asarray(array))
        found: Array = array if same_type else np.astype(array, dtype)
        return +found if copy else found

    def from_dlpack(self, x: Any, /, *, device: Any = None, copy: bool | None = None) -> Any:
        """Another library's array through DLPack, sharing its memory unless copy is True."""
        if device is not None:
            self._check_device(device)
        here = isinstance(x, Array) and getattr(x.value, "device", None) is self._device
        found = x if here else None
        found = found if found is not None else self._device.imported(x)
        return self._device.hold(numpy.array(found)) if copy else found


def _restored(name: str, threads: int, device: str | None, precision: str = "f32") -> Namespace:
    return namespace(name, threads=threads, device=device, precision=precision)


def namespace_of(array: Array, api_version: str | None) -> Any:
    """What `array.__array_namespace__` answers."""
    return versions(array.device, api_version) if isinstance(array.device, Device) else np


def place_of_constants() -> Device:
    """Where arrays are to a function that is traced, and where those are that it makes of numbers.

    That `zeros(3)` gives an array of ours lets the function assign traced elements to it.
    """
    return namespace("numpy")._device


def home(array: Array) -> Namespace:
    """The namespace of the device that holds an array."""
    assert isinstance(array.value, Held)
    return versions(array.value.device)


def moved(array: Array, device: Any) -> Array:
    """The array on another device; itself if it is there."""
    if str(array.device) == str(device):
        return array
    if isinstance(device, Device):
        return versions(device).asarray(array)
    if device not in backend_names():
        raise UsageError(f"to_device({device!r}): there are {', '.join(backend_names())}")
    return namespace(device).asarray(array)


slots.namespaces.fill(sys.modules[__name__])
