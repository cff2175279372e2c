"""What came out: the setting that was chosen, the table of all, and the program made by it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

from isthmus.program.executable import Executable

from .row import Row, read_row
from .setting import Setting
from .text import keywords_of, table_text

__all__ = ["Choice"]


class Choice:
    """The setting that `isthmus.tune` chose; `print` it for the table.

    table: a Row for each setting that was thought of, the chosen one first. why: one sentence.
    keywords: what `isthmus.compile` and `isthmus.load` take for the same. remembered: the time at
    which it was measured, if that was before.
    """

    def __init__(self, document: Mapping[str, Any], make: Callable[[Setting], Executable]) -> None:
        """document: of `to_json`. Raises KeyError, TypeError or ValueError for another."""
        self.document = dict(document)
        self.table: list[Row] = [read_row(row) for row in document["rows"]]
        (row,) = [row for row in self.table if row.state == "chosen"]
        if row.setting is None:
            raise ValueError("the chosen row has no setting")
        self.row = row
        self.setting: Setting = row.setting
        self.why: str = document["why"]
        self.remembered: str | None = document["remembered"]
        self._make = make

    @property
    def keywords(self) -> dict[str, Any]:
        """For `isthmus.compile(net, specs, **choice.keywords)`, beside samples where integers are
        settled; processes side by side and fixed sizes, which are of the specs, are not among them.
        For `isthmus.load` where a saved program of integers was tuned, which keeps them."""
        return keywords_of(self.document)

    @cached_property
    def executable(self) -> Executable:
        """The program in this setting, made when it is first asked for; its `tuning` is the table,
        which `save` keeps in the file. One that is static takes the samples' sizes alone."""
        made = self._make(self.setting)
        made.tuning = self.document
        return made

    def __str__(self) -> str:
        return table_text(self.document, self.table)

    def to_json(self) -> str:
        """All of it, as JSON."""
        return json.dumps(self.document, indent=1, allow_nan=False)
