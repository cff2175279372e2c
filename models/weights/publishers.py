"""Options that published weights were trained with, and that their tensors do not tell.

Another padding or epsilon fits tensors of the same shapes, and gives other numbers without a word.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any

from isthmus.errors import UsageError

__all__ = ["TRAINED_WITH", "check_options", "trained_with"]

GOOGLE = {"epsilon": 1e-3, "padding": "same"}
TIMM = {"epsilon": 1e-5, "padding": "symmetric"}

# A regular expression for the names that timm gives files and models, and their options.
TRAINED_WITH: tuple[tuple[str, Mapping[str, Any]], ...] = (
    (r"tf_efficientnet_(b\d|lite\d)", GOOGLE),
    (r"(?<!tf_)efficientnet_(b\d|lite0)[._](ra|ft|sw)", TIMM),
)


def trained_with(
    source: str | os.PathLike[str] | None, options: Mapping[str, Any]
) -> dict[str, Any]:
    """The options that the name of the weights tells of; options: those that the model has."""
    text = "" if source is None else os.fspath(source)
    found = (facts for pattern, facts in TRAINED_WITH if re.search(pattern, text))
    return {name: value for facts in found for name, value in facts.items() if name in options}


def check_options(
    source: str | os.PathLike[str] | None, told: Mapping[str, Any], given: Mapping[str, Any]
) -> None:
    """UsageError where options are given that are others than the name of the weights tells."""
    if other := {name: value for name, value in told.items() if given.get(name, value) != value}:
        facts = ", ".join(f"{name}={value!r}" for name, value in other.items())
        one = "it" if len(other) == 1 else "them"
        raise UsageError(f"{source}: trained with {facts}, by its name; leave {one} out")
