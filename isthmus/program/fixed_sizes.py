"""A traced program for one combination of its named sizes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from isthmus.graph.dims import Dim
from isthmus.graph.size_text import parse
from isthmus.trace.discovery import finds_sizes
from isthmus.trace.tracing import Traced

from . import archive

__all__ = ["can_be_fixed", "with_fixed_sizes"]


def can_be_fixed(traced: Traced) -> bool:
    """Whether all names are sizes of inputs; not where values decide some."""
    return not any(finds_sizes(node) for node in traced.graph.all_nodes())


def with_fixed_sizes(traced: Traced, sizes: Mapping[str, int]) -> Traced:
    """The program recorded again with numbers in place of its names.

    sizes: of every name, such as satisfy the program's constraints, which are done with then.

    >>> import isthmus as im
    >>> from isthmus.program.fixed_sizes import with_fixed_sizes
    >>> traced = im.trace(lambda x: x.reshape(-1), im.spec("float32", ["n", 3]))
    >>> with_fixed_sizes(traced, {"n": 2}).graph.outputs[0].type
    float32[6]
    """
    document, arrays = archive.described(traced)
    fixed = _fixed({**document, "constraints": []}, sizes)
    return archive.rebuilt(fixed, arrays)


def _fixed(part: Any, sizes: Mapping[str, int]) -> Any:
    match part:
        case {"dim": text}:
            return _number(text, sizes)
        case {"inputs": inputs, "nodes": _, **rest}:
            rest["nodes"] = part["nodes"]
            types = [[name, kind, [_text(s, sizes) for s in shape]] for name, kind, shape in inputs]
            return {"inputs": types, **_fixed(rest, sizes)}
        case dict():
            return {key: _fixed(branch, sizes) for key, branch in part.items()}
        case list():
            return [_fixed(branch, sizes) for branch in part]
    return part


def _text(size: str, sizes: Mapping[str, int]) -> str:
    return size if size.isdigit() else str(_number(size, sizes))


def _number(text: str, sizes: Mapping[str, int]) -> int:
    size = parse(text)
    return size.evaluate(sizes) if isinstance(size, Dim) else size
