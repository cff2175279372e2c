"""A text for a program's input: its token numbers there, mask and types in the inputs beside it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy

from isthmus.errors import UsageError

from .show import printable

if TYPE_CHECKING:
    from isthmus.graph.nodes import Type
    from isthmus.models.inputs.text import Tokenizer

__all__ = ["Filled", "filled", "is_text"]

Arrays = dict[str, numpy.ndarray[Any, Any]]

FILES = (".npy", ".npz")
# Which of a tokenizer's arrays an input is, by words of its name.
MASK, TYPES = "attention_mask", "token_type_ids"
WORDS = {MASK: "mask", TYPES: "type|segment"}
MOST_TOKENS = 512  # where the program does not say how many


@dataclass(frozen=True)
class Filled:
    """Arrays by the inputs' names, and a line that says what is in them."""

    arrays: Arrays
    said: str


def is_text(source: str, kind: Type) -> bool:
    """Whether it is for an input of token numbers, and names no file."""
    looks_like_tokens = kind.dtype.kind in "iu" and kind.ndim in (1, 2)
    return looks_like_tokens and Path(source).suffix.lower() not in FILES and not _is_file(source)


def filled(
    program: str,
    name: str,
    text: str,
    free: Mapping[str, Type],
    kind: Type,
    tokenizer: str | None,
) -> Filled:
    """The arrays of a text for input `name` of type `kind`.

    free: the inputs that were given nothing, of which mask and types are filled. tokenizer: a file
    or folder; where there is none, the program's own folder. Raises UsageError for an input that is
    of a mask or types, and for a program of another number of texts than one.
    """
    if role := _role(name):
        raise UsageError(f"--input {name}={text}: it is {role}; give the text to the token numbers")
    tokens = _tokenizer(program, name, text, tokenizer)
    length = kind.shape[-1]
    fixed = length if isinstance(length, int) else None
    known = tokens.encode([text], fixed or MOST_TOKENS, pad_to=fixed)
    roles = {name: "input_ids", **{other: r for other in free if (r := _role(other))}}
    types = {name: kind, **free}
    arrays = {n: _shaped(program, n, known[role], types[n]) for n, role in roles.items()}
    return Filled(arrays, _said(roles, known, tokens, text))


def _said(roles: Mapping[str, str], known: Arrays, tokens: Tokenizer, text: str) -> str:
    used, whole = int(known[MASK].sum()), tokens.length(text)
    kinds = {"input_ids": "ids", MASK: "mask", TYPES: "types"}
    names = ", ".join(f"{printable(name)}: {kinds[role]}" for name, role in roles.items())
    cut = f", cut from {whole}" if whole > used else ""
    padded = known[MASK].size - used
    more = f", padded with {padded}" if padded else ""
    return f"text of {used} tokens{cut}{more}, by {printable(str(tokens.path))}; {names}"


def _role(name: str) -> str | None:
    """What an input is by its name, if that is another thing than token numbers."""
    found = (role for role, words in WORDS.items() if re.search(words, name, re.IGNORECASE))
    return next(found, None)


def _tokenizer(program: str, name: str, text: str, given: str | None) -> Tokenizer:
    from isthmus.models.inputs.text import FILES, Tokenizer

    place = Path(program).parent if given is None else Path(given)
    if given is None and not any((place / file).is_file() for file in FILES):
        raise UsageError(
            f"--input {name}={text}: no such file, and for a text there is no tokenizer beside "
            f"{program}; give --tokenizer FILE, a {' or a '.join(FILES)}"
        )
    return Tokenizer(place)


def _shaped(program: str, name: str, array: Any, kind: Type) -> Any:
    """One text's row as the input has it."""
    if kind.ndim not in (1, 2) or kind.dtype.kind not in "iufb":
        raise UsageError(f"{program}: a text is no {kind}, of which {name} is; give an array")
    if kind.ndim == 2 and isinstance(kind.shape[0], int) and kind.shape[0] != 1:
        raise UsageError(f"{program}: {name} has {kind.shape[0]} texts; give an array of them")
    row = array if kind.ndim == 2 else array[0]
    if row.size and kind.dtype.kind in "iu" and row.max() > numpy.iinfo(kind.dtype).max:
        raise UsageError(f"{program}: token {row.max()} is beyond {kind.dtype}, of which {name} is")
    return row.astype(kind.dtype)


def _is_file(source: str) -> bool:
    try:
        return Path(source).exists()
    except (OSError, ValueError):  # too long for a name, or with a zero in it
        return False
