"""The source of an operator, read when it is defined: its file may be another one later."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Sequence
from textwrap import dedent
from typing import Any

__all__ = ["fingerprint", "source_of"]


def source_of(functions: Sequence[Any]) -> str:
    """The source of functions as it stands in their files; "" where there is none."""
    try:
        return "\n".join(dedent(inspect.getsource(function)) for function in functions)
    except (OSError, SyntaxError, TypeError):
        return ""


def fingerprint(source: str) -> str:
    """A digest of source without its comments and layout; "" of none."""
    from hashlib import sha256  # which loads OpenSSL

    return sha256(_plain(source).encode()).hexdigest()[:16] if source else ""


def _plain(source: str) -> str:
    """Source as Python prints it; of a part of a line, which is no program, its words."""
    try:
        return ast.unparse(ast.parse(source))
    except SyntaxError:
        return " ".join(source.split())
