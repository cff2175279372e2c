"""Pieces of an ONNX model: types, constants, and the model around them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy
import onnx
from onnx import helper

from isthmus._version import __version__
from isthmus.errors import UsageError
from isthmus.graph.dims import Dim
from isthmus.graph.nodes import Type

__all__ = [
    "SIZE",
    "all_nodes",
    "copy",
    "declared",
    "model",
    "needed",
    "read_by",
    "reference",
    "rename",
    "tensor",
]

Array = numpy.ndarray[Any, Any]

HIGHEST_OPSET = 21  # above, MaxPool, Elu and others have no CUDA kernel (ONNX Runtime 1.31)
SIZE = Type(numpy.dtype(numpy.int64), (1,))


def copy(source: str, name: str) -> onnx.NodeProto:
    return helper.make_node("Identity", [source], [name], name=name)


def all_nodes(nodes: Iterable[onnx.NodeProto]) -> Iterator[onnx.NodeProto]:
    """The nodes, and those of the bodies in them."""
    for node in nodes:
        yield node
        for attribute in node.attribute:
            yield from all_nodes(attribute.g.node)


def rename(nodes: Sequence[onnx.NodeProto], names: Mapping[str, str]) -> None:
    for node in all_nodes(nodes):
        for field in (node.input, node.output):
            field[:] = [names.get(name, name) for name in field]


def read_by(nodes: Iterable[onnx.NodeProto]) -> set[str]:
    """The names that the nodes read, and those that their bodies give."""
    names = set[str]()
    for node in all_nodes(nodes):
        names.update(node.input)
        names.update(value.name for a in node.attribute for value in a.g.output)
    return names


def needed(nodes: Sequence[onnx.NodeProto], outputs: Iterable[str]) -> list[onnx.NodeProto]:
    """The nodes whose results somebody reads, in their order."""
    wanted, kept = set(outputs), []
    for node in reversed(nodes):
        if wanted.intersection(node.output):
            kept.append(node)
            wanted |= read_by([node])
    return kept[::-1]


def element_type(dtype: numpy.dtype[Any]) -> int:
    """ONNX's number for a dtype; UsageError if it has none."""
    try:
        return helper.np_dtype_to_tensor_dtype(dtype)
    except (KeyError, ValueError):
        raise UsageError(f"ONNX has no dtype {dtype}; cast it with .astype('float32')") from None


def declared(name: str, of: Type, element: int | None = None) -> onnx.ValueInfoProto:
    """An array's name, shape and element type, which is that of its dtype unless it is given."""
    sizes = [str(size) if isinstance(size, Dim) else size for size in of.shape]
    return helper.make_tensor_value_info(name, element or element_type(of.dtype), sizes)


def tensor(name: str, array: Array, element: int | None = None) -> onnx.TensorProto:
    raw = numpy.ascontiguousarray(array).tobytes()
    kind = element or element_type(array.dtype)
    return helper.make_tensor(name, kind, array.shape, raw, raw=True)


def reference(name: str, array: Array, element: int | None = None) -> onnx.TensorProto:
    """An initializer that only names its data; whoever runs or writes the model provides it."""
    tensor = onnx.TensorProto(name=name, dims=array.shape)
    tensor.data_type = element or element_type(array.dtype)
    tensor.data_location = onnx.TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value=name)
    return tensor


def model(body: onnx.GraphProto, opset: int, domains: Mapping[str, int] = {}) -> onnx.ModelProto:
    """A model; domains: the versions of those of other packages' operations. Those of the runtime
    itself, which it has once and for all, are added."""
    assert opset <= HIGHEST_OPSET
    imports = [helper.make_opsetid("", opset)]
    own = {node.domain: 1 for node in all_nodes(body.node) if node.domain}
    others = [helper.make_opsetid(name, version) for name, version in {**own, **domains}.items()]
    return helper.make_model(
        body,
        opset_imports=[*imports, *others],
        ir_version=helper.find_min_ir_version_for(imports),
        producer_name="isthmus",
        producer_version=__version__,
    )
