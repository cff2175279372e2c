"""An ONNX file as a block: its weights are parameters, its inputs the arguments of a call."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from copy import copy
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy

from isthmus.errors import UsageError
from isthmus.graph.dims import Dim
from isthmus.graph.foreign import share
from isthmus.graph.nodes import Type
from isthmus.nn.block import Block, as_array
from isthmus.nn.parameter import Parameter, zeros
from isthmus.trace.array import Array
from isthmus.trace.tracing import Traced, spec, trace

from .deciding import deciding_values
from .model import Model, opened
from .numbers import as_array as computed
from .operators.types import dtype_of
from .walk import Walk, check

__all__ = ["OnnxBlock", "block", "program"]


def block(path: str | Path) -> OnnxBlock:
    """The block of an ONNX file; see `OnnxBlock`, which says what it raises."""
    model = opened(Path(path))
    check(model)
    return OnnxBlock(model)


def program(path: str | Path) -> Traced:
    """What a file computes, for the types of its inputs that it states."""
    net = block(path)
    return trace(net, net.specs())


class OnnxBlock(Block):
    """An ONNX file as a block; `isthmus.load("model.onnx")` gives it.

    It is called with the file's inputs by name, whatever characters they have, or in their order,
    and returns the file's one result, or a dict of them by name. Weights of float32 are parameters,
    named as in the file. `specs()` are the types of its inputs, to compile it by: sizes that the
    file leaves open are named as there, and those without a name after their input.

    Raises FileError for a file that is missing, hostile or none; UsageError for one that needs
    operators that are not known here, all of which it names, and for other arguments than the
    file's.

    >>> import numpy
    >>> import isthmus as im
    >>> im.export(lambda x: 2 * x, {"x": im.spec("float32", ["n"])}, "double.onnx")
    >>> net = im.load("double.onnx")
    >>> net(numpy.ones(2, numpy.float32))
    array([2., 2.], dtype=float32)
    >>> net.specs()
    {'x': float32[n]}
    >>> im.compile(net, net.specs())(x=numpy.ones(3, numpy.float32))
    array([2., 2., 2.], dtype=float32)
    """

    not_cast_because = (
        "its nodes are of the types that the file states; give precision='f16' to hybridize or "
        "isthmus.compile"
    )

    def __init__(self, model: Model) -> None:
        constants = model.body.constants
        weights = {name: array for name, array in constants.items() if _is_weight(array)}
        self.weights = {name: _parameter(array) for name, array in weights.items()}
        rest = {n: share(a) for n, a in constants.items() if n not in weights}
        self.inputs = [name for name in model.body.inputs if name not in constants]
        self.defaults = [name for name in model.body.inputs if name in constants]
        self.model = replace(model, body=replace(model.body, constants=rest))

    def parameters(self) -> dict[str, Parameter]:
        """The weights of float32 by their names in the file."""
        return dict(self.weights)

    def specs(self, **sizes: int | str) -> dict[str, Type]:
        """The types of the inputs by name; sizes: numbers or names for some of the open ones.

        Raises UsageError for a size that the file does not leave open, and for an input that is no
        array, or whose number of axes the file does not say.
        """
        found = {name: self._spec(name) for name in self.inputs}
        open_sizes = sorted({str(size) for one in found.values() for size in _named(one)})
        for name in sizes.keys() - set(open_sizes):
            given = ", ".join(open_sizes) or "none"
            raise UsageError(f"{self.model.path.name} has no open size '{name}'; it has {given}")
        return {
            name: spec(one.dtype, [sizes.get(str(size), size) if isinstance(size, Dim) else size
                                   for size in one.shape])
            for name, one in found.items()
        }  # fmt: skip

    @property
    def deciding(self) -> list[str]:
        """The inputs of which a node reads a shape, an axis or another number of the program.

        Compiled programs need these as numbers: see `fixed`.
        """
        found = deciding_values(self.model)
        return [name for name in self.inputs if name in found]

    def fixed(self, **arrays: Any) -> OnnxBlock:
        """The same block with some of its inputs given once and for all; weights are shared.

        Raises UsageError for an input that the file does not have, or that is of another type.

        >>> import isthmus as im
        >>> x = im.spec("float32", [2, 3])
        >>> im.export(lambda x, y: x + y, {"x": x, "y": x}, "sum.onnx")
        >>> import numpy
        >>> im.load("sum.onnx").fixed(y=numpy.ones((2, 3), "float32")).specs()
        {'x': float32[2, 3]}
        """
        kept = {name: self._checked(name, array) for name, array in self._known(arrays)}
        kept = {name: share(x) if hasattr(x, "dtype") else x for name, x in kept.items()}
        found, body = copy(self), self.model.body
        found.model = replace(self.model, body=replace(body, constants={**body.constants, **kept}))
        found.inputs = [name for name in self.inputs if name not in kept]
        found.defaults = [name for name in self.defaults if name not in kept]
        return found

    def _known(self, given: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
        names = [*self.inputs, *self.defaults]
        for name, value in given.items():
            if name not in names:
                raise UsageError(
                    f"{self.model.path.name} has no input '{name}'; it has {', '.join(names)}"
                )
            yield name, value

    def _spec(self, name: str) -> Type:
        tensor = self.model.types[name].tensor_type
        if not tensor.elem_type or not tensor.HasField("shape"):
            raise UsageError(
                f"{self.model.path.name}: input '{name}' is no array of a known number of axes; "
                "give its spec yourself"
            )
        sizes: list[Any] = []
        for i, size in enumerate(tensor.shape.dim):
            known = size.HasField("dim_value")
            sizes.append(size.dim_value if known else _plain(size.dim_param or f"{name}_{i}"))
        return spec(dtype_of(tensor.elem_type), sizes)

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        given = {name: self._checked(name, value) for name, value in self._by_name(args, kwargs)}
        weights = {name: parameter.data() for name, parameter in self.weights.items()}
        body = self.model.body
        results = Walk(self.model, self.model.opsets).run(body, {**weights, **given})
        arrays = [computed(value) for value in results]
        return arrays[0] if len(arrays) == 1 else dict(zip(body.outputs, arrays, strict=True))

    def _by_name(
        self, args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> Iterator[tuple[str, Any]]:
        called = self.model.path.name
        names = [*self.inputs, *self.defaults]
        given = dict(zip(names, args, strict=False))
        if len(args) > len(names):
            raise UsageError(f"{called} takes {len(names)} arrays; {len(args)} given")
        for name, value in self._known(kwargs):
            if name in given:
                raise UsageError(f"{called}: input '{name}' is given twice")
            given[name] = value
        if absent := [name for name in self.inputs if name not in given]:
            raise UsageError(f"{called}: no array for {', '.join(absent)}; give one for each input")
        return iter(given.items())

    def _checked(self, name: str, value: Any) -> Any:
        """The array, if it has the file's dtype and number of axes."""
        kind = self.model.types[name].tensor_type
        if not kind.elem_type or value is None or isinstance(value, list):
            return value
        array, dtype = as_array(value), dtype_of(kind.elem_type)
        if array.dtype != dtype and not (dtype.kind == "T" and array.dtype.kind in "OUT"):
            raise UsageError(
                f"{self.model.path.name}: input '{name}' is of {dtype}, {array.dtype} given; "
                f"give x.astype('{dtype}')"
            )
        if kind.HasField("shape") and len(kind.shape.dim) != array.ndim:
            raise UsageError(
                f"{self.model.path.name}: input '{name}' has {len(kind.shape.dim)} axes, "
                f"{tuple(array.shape)} given"
            )
        return array if isinstance(array, Array) or dtype.kind != "T" else array.astype(dtype)


def _is_weight(array: Any) -> bool:
    return array.dtype == numpy.float32 and array.ndim > 0


def _parameter(array: Any) -> Parameter:
    found = Parameter(array.shape, zeros)
    found.set(array)
    return found


def _named(kind: Type) -> Iterator[Dim]:
    return (size for size in kind.shape if isinstance(size, Dim))


def _plain(name: str) -> str:
    """A name for a size: letters, digits and single underscores."""
    found = re.sub(r"_+", "_", re.sub(r"\W", "_", name, flags=re.ASCII)).strip("_") or "n"
    return found if found[0].isalpha() else f"n{found}"
