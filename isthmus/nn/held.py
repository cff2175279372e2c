"""What a block holds: parameters and blocks, as attributes or in lists, tuples and dicts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from isthmus.errors import UsageError

from .parameter import Parameter

__all__ = ["CONTAINERS", "Container", "Holder", "held", "holds", "inside", "merge"]

Container = list[Any] | tuple[Any, ...] | dict[Any, Any]
CONTAINERS = (list, tuple, dict)


class Holder:
    """What holds parameters and others of its kind: a block."""


def held(attributes: dict[str, Any], kinds: type | tuple[type, ...]) -> Iterator[tuple[str, Any]]:
    """What is of the kinds among attributes and in them, by its dotted name, such as "layers.0".

    What has an attribute of its own has that name alone.
    """
    own = {id(value) for value in attributes.values() if isinstance(value, kinds)}
    for name, value in attributes.items():
        if isinstance(value, kinds):
            yield name, value
        elif isinstance(value, CONTAINERS):
            found = inside(value, kinds)
            yield from ((f"{name}.{inner}", each) for inner, each in found if id(each) not in own)


def inside(container: Container, kinds: type | tuple[type, ...]) -> Iterator[tuple[str, Any]]:
    """What is of the kinds in a container and in those in it, by its dotted name."""
    items = container.items() if isinstance(container, dict) else enumerate(container)
    for key, value in items:
        if isinstance(value, kinds):
            yield str(key), value
        elif isinstance(value, CONTAINERS):
            yield from ((f"{key}.{inner}", each) for inner, each in inside(value, kinds))


def holds(value: Any) -> bool:
    """Whether it is a block or a parameter, or a container of some."""
    if isinstance(value, CONTAINERS):
        return any(True for _ in inside(value, (Holder, Parameter)))
    return isinstance(value, Holder | Parameter)


def merge(found: dict[str, Parameter], more: dict[str, Parameter]) -> None:
    """Add parameters; UsageError for a name that two of them would have."""
    for name, parameter in more.items():
        if found.setdefault(name, parameter) is not parameter:
            raise UsageError(f"two parameters are named '{name}'; rename a key or an attribute")
