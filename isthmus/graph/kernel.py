"""A kernel of an operator: an operation in a shared library that a runtime loads."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

import numpy

from isthmus.errors import UsageError

__all__ = ["Kernel"]


@dataclass(frozen=True)
class Kernel:
    """The operation `operation` of `domain`, which the library at path `library` adds to a runtime.

    An operator states its kernels by the names of backends, see `isthmus.primitive`. For "cpu" the
    library is an extension of OpenVINO, as `Core.add_extension` takes it, and domain the version
    in its type (`OPENVINO_OP("SoftShrink", "my.ops")`); for "gpu" it is one of custom operators, as
    ONNX Runtime's `SessionOptions.register_custom_ops_library` takes it.

    version: of the domain, named in ONNX files. dtypes: of the operands and results it takes.
    devices: of the backend, where it has several. The operation is given the operands in their
    order, and the operator's attributes by their names.

    Where the library is not there, NumPy runs the body, and `Executable.explain` says why. What is
    there is tried in a process of its own before it is used, and compared with the body; one that
    does not load, or computes something else, raises UsageError.

    >>> from isthmus.extend import Kernel
    >>> Kernel("/opt/ops.so", "SoftShrink", "my.ops")
    Kernel(library='/opt/ops.so', operation='SoftShrink', domain='my.ops', version=1, \
dtypes=('float32',), devices=('cpu',))
    """

    library: str
    operation: str
    domain: str
    version: int = 1
    dtypes: Sequence[str] = ("float32",)
    devices: Sequence[str] = ("cpu",)

    def __post_init__(self) -> None:
        object.__setattr__(self, "library", os.path.abspath(_path(self.library)))
        for name in ("operation", "domain"):
            value = getattr(self, name)
            if not isinstance(value, str) or not value:
                raise UsageError(f"Kernel: {name}={value!r}; give a text such as 'my.ops'")
        if type(self.version) is not int or self.version < 1:
            raise UsageError(f"Kernel: version={self.version!r}; give a whole number from 1")
        object.__setattr__(self, "dtypes", tuple(map(_dtype, _several(self.dtypes, "dtypes"))))
        object.__setattr__(self, "devices", tuple(_several(self.devices, "devices")))

    def __str__(self) -> str:
        return f"{self.domain}.{self.operation} of {self.library}"


def _path(library: object) -> str:
    try:
        found = os.fspath(library)  # type: ignore[call-overload]
    except TypeError:
        raise UsageError(f"Kernel: library={library!r}; give the path of a library") from None
    return os.fsdecode(found)


def _several(values: object, name: str) -> Sequence[str]:
    if isinstance(values, str) or not isinstance(values, Sequence) or not values:
        raise UsageError(f"Kernel: {name}={values!r}; give a tuple of texts")
    return values


def _dtype(name: object) -> str:
    try:
        return numpy.dtype(name).name  # type: ignore[call-overload]
    except TypeError:
        raise UsageError(f"Kernel: {name!r} is no dtype; give one such as 'float32'") from None
