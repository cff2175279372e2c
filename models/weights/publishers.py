"""Options that published weights were trained with, and that their tensors do not tell.

Another padding or epsilon fits tensors of the same shapes, and gives other numbers without a word.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any

from isthmus.errors import UsageError

__all__ = ["TRAINED_WITH", "check_options"]

GOOGLE = {"epsilon": 1e-3, "padding": "same"}
TIMM = {"epsilon": 1e-5, "padding": "symmetric"}

# A regular expression for the names that timm gives files and models, and their options.
TRAINED_WITH: tuple[tuple[str, Mapping[str, Any]], ...] = (
    (r"tf_efficientnet_(b\d|lite\d)", GOOGLE),
    (r"(?<!tf_)efficientnet_(b\d|lite0)[._](ra|ft|sw)", TIMM),
)


def check_options(source: str | os.PathLike[str] | None, options: Mapping[str, Any]) -> None:
    """UsageError where the name of the weights tells of other options than these."""
    text = "" if source is None else os.fspath(source)
    for pattern, wanted in TRAINED_WITH:
        if not re.search(pattern, text) or not wanted.keys() <= options.keys():
            continue
        if other := {name: value for name, value in wanted.items() if options[name] != value}:
            step = ", ".join(f"{name}={value!r}" for name, value in other.items())
            raise UsageError(f"{text}: weights of that name were trained with {step}; give that")
