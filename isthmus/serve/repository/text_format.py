"""Protocol buffers' text format, written: https://protobuf.dev/reference/protobuf/textformat-spec."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

__all__ = ["Word", "written"]

STEP = "  "
ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


class Word(str):
    """A value that is not quoted: the name of an enum's member."""


def written(message: Mapping[str, Any]) -> str:
    """The message as text, a field a line.

    A Mapping is a message, a list of messages is the field repeated, a list of others is in
    brackets; a `Word` is written as it is, other strings in quotes.

    >>> print(written({"name": "a", "input": [{"dims": [-1, 3], "data_type": Word("TYPE_FP32")}]}))
    name: "a"
    input {
      dims: [-1, 3]
      data_type: TYPE_FP32
    }
    <BLANKLINE>
    """
    return "".join(f"{line}\n" for line in _lines(message, ""))


def _lines(message: Mapping[str, Any], margin: str) -> Iterator[str]:
    for name, value in message.items():
        if isinstance(value, Mapping):
            yield from _block(name, value, margin)
        elif _are_messages(value):
            for each in value:
                yield from _block(name, each, margin)
        else:
            yield f"{margin}{name}: {_value(value)}"


def _block(name: str, message: Mapping[str, Any], margin: str) -> Iterator[str]:
    if not message:
        yield f"{margin}{name} {{}}"
        return
    yield f"{margin}{name} {{"
    yield from _lines(message, margin + STEP)
    yield f"{margin}}}"


def _are_messages(value: Any) -> bool:
    return isinstance(value, Sequence) and bool(value) and isinstance(value[0], Mapping)


def _value(value: Any) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case int() | Word():
            return str(value)
        case str():
            return f'"{"".join(map(_escaped, value))}"'
        case list() | tuple():
            return f"[{', '.join(map(_value, value))}]"
    raise TypeError(f"{value!r} has no place in a message")


def _escaped(sign: str) -> str:
    if sign in ESCAPES:
        return ESCAPES[sign]
    return sign if sign.isprintable() else "".join(f"\\{byte:03o}" for byte in sign.encode())
