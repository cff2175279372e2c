"""Custom operators of ONNX Runtime, for operators that state a kernel for "gpu"."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import asdict
from itertools import starmap
from typing import TYPE_CHECKING, Any

from isthmus.errors import UsageError
from isthmus.graph.kernel import Kernel
from isthmus.program.kernels import checksum

if TYPE_CHECKING:
    import onnx

__all__ = ["KERNELS", "computed", "domains", "state_kernels"]

KERNELS = "gpu"  # the name that operators state them by
METADATA = "isthmus.kernels"  # the key in a file's metadata


def computed(site: Any, *operands: str) -> str | tuple[str, ...]:
    """The operation of the kernel's domain, of these operands and the node's attributes.

    site: a `builder.Site`, which knows this rule.
    """
    from onnx import helper  # not before a model is made, as `KERNELS` is asked for earlier

    kernel = site.node.op.kernels[KERNELS]
    site.build.kernels[kernel] = None
    build = site.build
    names = [build.unique(build.label) for _ in site.node.results]
    made = helper.make_node(
        kernel.operation, list(operands), names, name=names[0], domain=kernel.domain
    )
    made.attribute.extend(starmap(helper.make_attribute, site.attributes.items()))
    build.nodes.append(made)
    return tuple(names) if len(names) > 1 else names[0]


def domains(kernels: Iterable[Kernel]) -> dict[str, int]:
    """The version of each domain; UsageError where two kernels state different ones."""
    found: dict[str, int] = {}
    for kernel in kernels:
        if found.setdefault(kernel.domain, kernel.version) != kernel.version:
            raise UsageError(
                f"{kernel}: version {kernel.version} of its domain, beside version "
                f"{found[kernel.domain]} in one program; a file names one"
            )
    return found


def state_kernels(proto: onnx.ModelProto, kernels: Iterable[Kernel]) -> None:
    """Write into a model what it needs beside itself: for people, and for programs as JSON."""
    needed = [_described(kernel) for kernel in kernels]
    if not needed:
        return
    names = ", ".join(f"{k['domain']}.{k['operation']} of {k['library']}" for k in needed)
    proto.doc_string = (
        f"needs {names}: register the library with "
        "SessionOptions.register_custom_ops_library before a session is made"
    )
    proto.metadata_props.add(key=METADATA, value=json.dumps(needed))


def _described(kernel: Kernel) -> dict[str, Any]:
    """Without the folder, which is nobody's business; the sum tells the library from others."""
    facts = asdict(kernel)
    written = {name: facts[name] for name in ("operation", "domain", "version")}
    library = os.path.basename(kernel.library)
    return {**written, "library": library, "sha256": checksum(kernel.library)}
