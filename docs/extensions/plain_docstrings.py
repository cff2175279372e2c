"""Docstrings as this project writes them, as reStructuredText for autodoc.

A docstring is plain text: a fact first, then `name: what it is` of parameters, then errors, then
examples after `>>>`. Names and code stand in single backticks, and code may be indented.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Collection, Iterable, Iterator
from itertools import groupby
from typing import Any

Linked = Callable[[str], str | None]  # a name as written -> its full name, if it is documented

SPAN = re.compile(r"``(.+?)``|`(.+?)`")
MARKUP = re.compile(r"[*|\\]|_(?=_*(?!\w))")
ANY = r"~?(?:typing\.)?Any"
UNTYPED = re.compile(rf": {ANY}(?=[,)\s])")
ELEMENTS = re.compile(rf"(?<=ndarray)\[{ANY}, {ANY}\]")


def rest(lines: Iterable[str], parameters: Collection[str], linked: Linked) -> list[str]:
    """The lines of a docstring as reStructuredText.

    parameters: names that stand before a colon where they are explained.
    """
    return [line for block in _blocks(lines) for line in (*_block(block, parameters, linked), "")]


def parameters_of(described: Any) -> set[str]:
    """The names of what a function, a class or a Block's `forward` takes."""
    functions = (described, getattr(described, "forward", None))
    return {name for function in functions for name in _parameters(function)}


def plain_signature(text: str) -> str:
    """A signature without the types that say nothing."""
    return ELEMENTS.sub("", UNTYPED.sub("", text))


def plain_type(text: str) -> str:
    """A type, or nothing for one that says nothing."""
    return "" if re.fullmatch(ANY, text) else ELEMENTS.sub("", text)


def _parameters(function: Any) -> Iterator[str]:
    try:
        yield from inspect.signature(function).parameters
    except (TypeError, ValueError):
        return


def _blocks(lines: Iterable[str]) -> Iterator[list[str]]:
    """What blank lines part; code, which may have blank lines inside, stays in one."""
    parts = [list(part) for is_text, part in groupby(lines, key=_is_text) if is_text]
    while parts:
        block = parts.pop(0)
        while _is_code(block) and parts and _is_code(parts[0]) and not _is_session(parts[0]):
            block += ["", *parts.pop(0)]
        yield block


def _is_text(line: str) -> bool:
    return bool(line.strip())


def _is_session(block: list[str]) -> bool:
    return block[0].lstrip().startswith(">>>")


def _is_code(block: list[str]) -> bool:
    return all(line.startswith("    ") or not line for line in block)


def _block(block: list[str], parameters: Collection[str], linked: Linked) -> list[str]:
    if _is_session(block):
        return inspect.cleandoc("\n".join(block)).split("\n")
    if _is_code(block):
        return ["::", "", *block]
    if any("──" in line for line in block):
        return ["::", "", *(f"    {line}" for line in block)]
    return _text(block, parameters, linked)


def _text(block: list[str], parameters: Collection[str], linked: Linked) -> list[str]:
    """A paragraph: what is said, then a list of the parameters it explains, then the errors."""
    if block[0].startswith(("* ", "- ")):
        return [_inline(line, linked, bullet=line[:2] in ("* ", "- ")) for line in block]
    found: list[str] = []
    for names, said in _explained(" ".join(line.strip() for line in block), parameters):
        text = _inline(said, linked)
        if names:
            found.append(f"* {', '.join(f'``{name}``' for name in names)}: {text}")
        else:
            found += ["", text, ""]
    return found


def _explained(text: str, parameters: Collection[str]) -> Iterator[tuple[list[str], str]]:
    """The text in parts, each with the parameters that it explains; none for other sentences."""
    known = "|".join(sorted(map(re.escape, parameters), key=len, reverse=True)) or r"(?!)"
    start = rf"(?:(?<=^)|(?<=[.;] ))(?=(?:(?:{known})(?:, (?:{known}))*: |Raises ))"
    for part in re.split(start, text):
        named = re.match(rf"((?:{known})(?:, (?:{known}))*): (.*)", part)
        if named:
            yield named[1].split(", "), named[2].strip()
        elif part.strip():
            yield [], part.strip()


def _inline(text: str, linked: Linked, bullet: bool = False) -> str:
    if bullet:
        return text[:2] + _inline(text[2:], linked)
    found, end = "", 0
    for span in SPAN.finditer(text):
        found += _plain(text[end : span.start()], linked)
        found += _span(span[1] or span[2], linked)
        end = span.end()
        if text[end : end + 1].isalnum():
            found += r"\ "
    return found + _plain(text[end:], linked)


def _span(code: str, linked: Linked) -> str:
    name = linked(code)
    return f"``{code}``" if name is None else f":py:obj:`{code} <{name}>`"


def _plain(text: str, linked: Linked) -> str:
    """Text without markup; errors are linked wherever they are named."""
    escaped = MARKUP.sub(lambda found: "\\" + found[0], text)
    return re.sub(r"\b[A-Z]\w+\b", lambda found: _error(found[0], linked), escaped)


def _error(word: str, linked: Linked) -> str:
    name = linked(f"isthmus.errors.{word}")
    return word if name is None else f":py:exc:`{word} <{name}>`"
