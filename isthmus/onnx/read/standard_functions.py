"""Operators that the standard itself defines by others, for those that have no row here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from isthmus.graph.dims import Dim

from .model import Node
from .numbers import as_array

__all__ = ["defaults", "exists", "find", "fixed"]


def exists(node: Node, opset: int) -> bool:
    """Whether the standard has a body for an operator of this version."""
    schema = _schema(node, opset)
    return schema is not None and (schema.has_context_dependent_function or schema.has_function)


def find(node: Node, opset: int, operands: Sequence[Any]) -> Any:
    """onnx's FunctionProto for a call; None where the standard has none."""
    from onnx import FunctionProto

    schema = _schema(node, opset)
    if schema is None or not schema.has_context_dependent_function:
        return fixed(node, opset)
    # The first to ask: onnx keeps a body that was made as if it were one for all operands.
    version = _newest(schema.context_dependent_function_opset_versions, opset)
    types = [_type(value) for value in operands]
    proto = FunctionProto()
    proto.ParseFromString(
        schema.get_context_dependent_function_with_opset_version(
            version, _resolved(node).SerializeToString(), types
        )
    )
    return proto


def fixed(node: Node, opset: int) -> Any:
    """onnx's FunctionProto of an operator, where it is one for all operands; else None."""
    from onnx import FunctionProto

    schema = _schema(node, opset)
    if schema is None or schema.has_context_dependent_function or not schema.has_function:
        return None
    proto = FunctionProto()
    version = _newest(schema.function_opset_versions, opset)
    proto.ParseFromString(schema.get_function_with_opset_version(version))
    return proto


def _resolved(node: Node) -> Any:
    """The node as in the file; inside of a function, with the attributes of the call."""
    from onnx import NodeProto, helper

    found = NodeProto()
    found.CopyFrom(node.proto)
    referring = [attribute for attribute in found.attribute if attribute.ref_attr_name]
    for attribute in referring:
        found.attribute.remove(attribute)
        if attribute.name in node.attributes:
            value = node.attributes[attribute.name]
            found.attribute.append(helper.make_attribute(attribute.name, value))
    return found


def defaults(node: Node, opset: int) -> list[Any]:
    """The attributes that a call has if it does not give them, as onnx's AttributeProto."""
    schema = _schema(node, opset)
    known = [] if schema is None else schema.attributes.values()
    return [attribute.default_value for attribute in known if attribute.default_value.type]


def _newest(versions: Sequence[int], opset: int) -> int:
    return max((version for version in versions if version <= opset), default=versions[0])


def _schema(node: Node, opset: int) -> Any:
    from onnx import defs

    try:
        return defs.get_schema(node.op.rpartition(".")[2], opset, node.domain)
    except Exception:  # onnx's own class, of its compiled part
        return None


def _type(value: Any) -> bytes:
    """A value's type as onnx's TypeProto."""
    from onnx import TypeProto, helper

    if value is None:
        return bytes(TypeProto().SerializeToString())
    array = as_array(value)
    sizes = [None if isinstance(size, Dim) else int(size) for size in array.shape]
    kind = helper.np_dtype_to_tensor_dtype(array.dtype)
    return bytes(helper.make_tensor_type_proto(kind, sizes).SerializeToString())
