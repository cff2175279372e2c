"""What CUDA would make of a model, told without a GPU: nodes it has no kernel for, and whether a
CUDA graph can hold all of it.

By the kernels that the provider registers (`cuda_kernels`) and ONNX's own inference of types.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import onnx
from onnx import TensorProto, shape_inference

from isthmus.onnx.write.builder import Model
from isthmus.onnx.write.protos import all_nodes

from .cuda_kernels import kernels

__all__ = ["CudaPlan", "cuda_plan"]

# Operands that the kernels read in the host's memory, where sizes are computed. `None`: all.
ON_HOST: Mapping[str, frozenset[int] | None] = {
    "ConstantOfShape": frozenset({0}),
    "Expand": frozenset({1}),
    "Pad": frozenset({1}),
    "Range": None,
    "ReduceL1": frozenset({1}),
    "ReduceL2": frozenset({1}),
    "ReduceMax": frozenset({1}),
    "ReduceMean": frozenset({1}),
    "ReduceMin": frozenset({1}),
    "ReduceProd": frozenset({1}),
    "ReduceSum": frozenset({1}),
    "Reshape": frozenset({1}),
    "Resize": frozenset({1, 2, 3}),
    "Slice": frozenset({1, 2, 3, 4}),
    "Split": frozenset({1}),
    "Squeeze": frozenset({1}),
    "Tile": frozenset({1}),
    "TopK": frozenset({1}),
    "Unsqueeze": frozenset({1}),
}
CONTROL = ("If", "Loop", "Scan")
# What the provider leaves to the processor where it computes sizes, so that none is copied.
OF_SIZES: tuple[str, ...] = (
    "Add",
    "Cast",
    "Concat",
    "Div",
    "Gather",
    "Identity",
    "Max",
    "Min",
    "Mul",
    "Reshape",
)
OF_SIZES = (*OF_SIZES, "Slice", "Squeeze", "Sub", "Unsqueeze")

Types = Mapping[str, str]


@dataclass(frozen=True)
class CudaPlan:
    """opset: the lowest that the model's operations need. without_kernel: the nodes that the CPU
    would compute, each with its reason. not_in_graph: why a CUDA graph cannot hold the model, none
    where it can."""

    opset: int
    without_kernel: tuple[str, ...]
    not_in_graph: tuple[str, ...]

    def lines(self) -> list[str]:
        """What `Executable.explain` says."""
        all_there = f"on CUDA: opset {self.opset}, every node has a kernel"
        said = [f"on CUDA without a kernel: {node}" for node in self.without_kernel] or [all_there]
        held = [f"no CUDA graph: {reason}" for reason in self.not_in_graph]
        return [*said, *(held or ["a CUDA graph can hold it"])]


def cuda_plan(model: Model) -> CudaPlan:
    """The plan of a model as `isthmus.onnx.write` makes it; its weights need not be in it."""
    proto = shape_inference.infer_shapes(model.proto)
    lacking = tuple(dict.fromkeys(_without_kernel(proto, model)))
    reasons = tuple(dict.fromkeys([*_copies(proto), *_graph_reasons(proto, model)]))
    return CudaPlan(model.opset, lacking, (*(f"{node}" for node in lacking), *reasons))


def _without_kernel(proto: onnx.ModelProto, model: Model) -> Iterator[str]:
    types = dict(_types(proto.graph))
    domains = {(kernel.domain, kernel.operation): kernel for kernel in model.kernels}
    for node in all_nodes(proto.graph.node):
        reason = (
            _custom_reason(domains.get((node.domain, node.op_type)))
            if node.domain
            else _reason(node, model.opset, types)
        )
        if reason is not None:
            yield f"{node.op_type} '{node.name}': {reason}"


def _custom_reason(kernel: object) -> str | None:
    devices = getattr(kernel, "devices", ())
    return None if "cuda" in devices else "the kernel that its operator states is not for CUDA"


def _reason(node: onnx.NodeProto, opset: int, types: Types) -> str | None:
    """Why no kernel computes a node; None where one does."""
    known = kernels().get(node.op_type, ())
    schema = onnx.defs.get_schema(node.op_type, opset)
    fitting = [kernel for kernel in known if kernel.is_of(schema.since_version)]
    if not fitting:
        those = f" as of opset {schema.since_version}" if known else ""
        return f"CUDA has no kernel for it{those}"
    given = dict(_variables(node, schema, types))
    if any(kernel.takes(given) for kernel in fitting):
        return None
    said = ", ".join(f"{name} {of}" for name, of in sorted(given.items()))
    return f"CUDA has no kernel for it of {said}"


def _variables(
    node: onnx.NodeProto, schema: onnx.defs.OpSchema, types: Types
) -> Iterator[tuple[str, str]]:
    """The types of a node's operands and results, by variable and by formal name."""
    for names, formals in ((node.input, schema.inputs), (node.output, schema.outputs)):
        for position, name in enumerate(names):
            if name:
                formal = formals[min(position, len(formals) - 1)]
                of = types.get(name, "a type that is not known")
                yield formal.type_str, of
                yield formal.name, of


def _types(graph: onnx.GraphProto) -> Iterator[tuple[str, str]]:
    """The element type of every array in a graph and in its bodies, by name."""
    for tensor in graph.initializer:
        yield tensor.name, _name(tensor.data_type)
    for value in (*graph.input, *graph.value_info, *graph.output):
        yield value.name, _name(value.type.tensor_type.elem_type)
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.type == onnx.AttributeProto.GRAPH:
                yield from _types(attribute.g)


def _name(element: int) -> str:
    return str(TensorProto.DataType.Name(element)).lower()


def _graph_reasons(proto: onnx.ModelProto, model: Model) -> Iterator[str]:
    for node in all_nodes(proto.graph.node):
        if node.op_type in CONTROL:
            yield f"{node.op_type} '{node.name}' decides on the host what runs"
    for size in model.size_inputs:
        yield f"the size {size} is an input of its own, since no array shows it"


def _copies(proto: onnx.ModelProto) -> Iterator[str]:
    """The nodes that would make the runtime copy between the host and the device."""
    sizes, constants = set[str](), {tensor.name for tensor in proto.graph.initializer}
    for node in proto.graph.node:
        if node.op_type == "Shape" or (
            node.op_type in OF_SIZES and _all_sizes(node, sizes, constants)
        ):
            sizes.update(node.output)
            continue
        for position in _positions(node, sizes):
            yield f"{node.op_type} '{node.name}' takes a size as a number, {position}"
    for value in proto.graph.output:
        if value.name in sizes:
            yield f"the result '{value.name}' is a size, which the host computes"


def _all_sizes(node: onnx.NodeProto, sizes: set[str], constants: set[str]) -> bool:
    """Whether a node computes sizes of sizes alone, and does not only read some on the host."""
    given = [name for name in node.input if name]
    return any(_positions(node, sizes)) and all(n in sizes or n in constants for n in given)


def _positions(node: onnx.NodeProto, sizes: set[str]) -> list[str]:
    """The operands that are sizes, where the kernel reads them on the device, as "operand 1"."""
    host = ON_HOST.get(node.op_type, frozenset())
    if host is None:
        return []
    found = (position for position, name in enumerate(node.input) if name in sizes)
    return [f"operand {position}" for position in found if position not in host]
