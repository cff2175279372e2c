"""Operations of OpenVINO's extension libraries, for operators that state a kernel for "cpu"."""

from __future__ import annotations

from functools import cache
from typing import Any

from openvino.utils.node_factory import NodeFactory

from isthmus.errors import UsageError
from isthmus.graph.dims import Dim
from isthmus.graph.nodes import Node, Type
from isthmus.program.kernels import kernel_reason
from isthmus.program.options import Options

from .builder import Output, Site
from .core import core

__all__ = ["KERNELS", "computed", "reason"]

KERNELS = "cpu"  # the name that operators state them by
# What the plugin gives an extension as it is: wider types it computes in narrower ones.
DTYPES = {"bool": "boolean", "float32": "f32", "int32": "i32"}


def reason(node: Node, options: Options | None) -> str | None:
    """None where the node's kernel can be used; in half precision the plugin would hand it arrays
    of another type than it was tried with."""
    if options is not None and options.precision != "f32":
        return f"a kernel of an extension is used in f32 alone, and {options.precision} is asked"
    return kernel_reason(node, KERNELS, DTYPES)


def computed(site: Site, *operands: Output) -> Any:
    """The operation of the library, of these operands and the node's attributes."""
    kernel = site.node.op.kernels[KERNELS]
    attributes = {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in site.attributes.items()
    }
    try:
        made = _factory(kernel.library).create(
            kernel.operation, [operand.output(0) if hasattr(operand, "output") else operand
                               for operand in operands], attributes
        )  # fmt: skip
    except RuntimeError as problem:
        raise UsageError(f"{site.node.op.name}: {kernel}: {_words(problem)}") from None
    domain = made.get_type_info().version_id
    if domain != kernel.domain:
        raise UsageError(
            f"{site.node.op.name}: {kernel.library} has {kernel.operation} of '{domain}', "
            f"not of '{kernel.domain}'"
        )
    outputs = made.outputs()
    _check_outputs(site, outputs)
    return tuple(outputs) if len(outputs) > 1 else outputs[0]


def _check_outputs(site: Site, outputs: list[Any]) -> None:
    """UsageError where the library declares other results than the operator's rule."""
    name, wanted = site.node.op.name, [result.type for result in site.node.results]
    if len(outputs) != len(wanted):
        raise UsageError(f"{name}: its kernel has {len(outputs)} results, and {len(wanted)} here")
    for output, of in zip(outputs, wanted, strict=True):
        if not _is_of(output, of):
            declared = f"{output.get_element_type().to_string()}{output.get_partial_shape()}"
            raise UsageError(f"{name}: its kernel declares {declared} where the operator has {of}")


def _is_of(output: Any, of: Type) -> bool:
    shape = output.get_partial_shape()
    if output.get_element_type().get_type_name() != DTYPES[of.dtype.name]:
        return False
    if shape.rank.is_dynamic:
        return True
    if len(shape) != of.ndim:
        return False
    pairs = zip(shape, of.shape, strict=True)
    return all(one.is_dynamic or isinstance(n, Dim) or one.get_length() == n for one, n in pairs)


@cache
def _factory(library: str) -> NodeFactory:
    """What makes the operations of one library; the core knows them as well, for files."""
    try:
        core().add_extension(library)
        factory = NodeFactory()
        factory.add_extension(library)
    except RuntimeError as problem:
        raise UsageError(f"{library} is no extension of OpenVINO: {_words(problem)}") from None
    return factory


def _words(problem: RuntimeError) -> str:
    """What OpenVINO said last, in one line."""
    lines = [line.strip() for line in str(problem).splitlines() if line.strip()]
    return lines[-1][:300] if lines else "it does not say why"
