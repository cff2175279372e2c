"""`isthmus models`: the catalogue, and which weights are here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from isthmus.errors import FileError

from .options import AsJson
from .show import show_json, show_table

if TYPE_CHECKING:
    from isthmus.models import Entry

__all__ = ["models"]


def models(as_json: AsJson = False) -> None:
    """List the models: what they take and answer, and sample weights.

    Example: isthmus models --json
    """
    from isthmus.models import CATALOG

    rows = [_row(entry) for entry in CATALOG.values()]
    if as_json:
        show_json(rows)
        return
    cells = [(row["model"], _taken(row), row["task"], row["sample_weights"] or "-") for row in rows]
    show_table("models", ("model", "input", "task", "sample weights"), cells)


def _row(entry: Entry) -> dict[str, Any]:
    takes_images = "x" in entry.kind.specs()
    return {
        "model": entry.name,
        "input": "images" if takes_images else "texts",
        "image_pixels": entry.pixels.side if takes_images else None,
        "task": entry.task,
        "sample_weights": _sample(entry),
    }


def _taken(row: dict[str, Any]) -> str:
    """As in "images, 224 x 224": the size unless another is asked for."""
    side = row["image_pixels"]
    return f"{row['input']}, {side} x {side}" if side else row["input"]


def _sample(entry: Entry) -> str | None:
    """Whether the package with the weights is here; None for a model without one."""
    if entry.sample is None:
        return None
    try:
        entry.sample()
    except FileError:
        return "not installed"
    return "installed"
