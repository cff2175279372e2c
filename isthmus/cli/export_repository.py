"""`isthmus export --repository`: a model in a folder that Triton and Model Server open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from isthmus.errors import UsageError

from .export_wanted import Wanted
from .show import printable, say, show_json, spinner

if TYPE_CHECKING:
    from isthmus.serve.repository import Exported

__all__ = ["to_repository"]

# Options of the command by the fields of `Settings`.
FIELDS = {
    "--server-backend": "server_backend",
    "--device": "device",
    "--max-batch": "max_batch_size",
    "--queue-delay-us": "queue_delay_us",
    "--storage-uri": "storage_uri",
}


def to_repository(wanted: Wanted, folder: Path, asked: Mapping[str, Any], as_json: bool) -> None:
    """Add a version; asked: the options of the command that were given."""
    from isthmus.serve.repository import Settings, export_repository

    fields = {FIELDS[option]: value for option, value in asked.items() if option in FIELDS}
    settings = Settings(**fields, buckets=_buckets(asked.get("--bucket", ())))
    if wanted.is_program:
        wanted.check_program()
        source: Any = wanted.model
        name, specs = asked.get("--name"), None
    else:
        source, specs = None, wanted.specs()
        name = asked.get("--name", wanted.model)
    with spinner(f"exporting {wanted.model} ..."):
        made = export_repository(
            source or wanted.block(), folder, name=name, specs=specs, settings=settings
        )
    if as_json:
        show_json(_document(made))
    else:
        _show(made)


def _buckets(texts: Sequence[str]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for text in texts:
        name, _, number = text.partition("=")
        if not name or not (number.isascii() and number.isdigit()):
            raise UsageError(f"--bucket {text}: give NAME=NUMBER, such as --bucket seq=128")
        found.setdefault(name, []).append(int(number))
    return found


def _document(made: Exported) -> dict[str, Any]:
    return {
        "folder": str(made.folder),
        "name": made.name,
        "version": made.version,
        "file": str(made.model_file),
        "signature": made.signature.document(),
        "instances": made.capacity.instances,
        "threads": made.capacity.threads,
        "why_alone": made.why_alone,
        "caution": made.caution,
        "buckets": [dict(sizes) for sizes in made.buckets],
        "kept": list(made.kept),
    }


def _show(made: Exported) -> None:
    say(f"wrote {printable(str(made.model_file))}, version {made.version} of {made.name}")
    say(f"  {printable(str(made.signature))}")
    capacity = made.capacity
    say(f"  {capacity.instances} at once on {capacity.threads} threads, {capacity.source}")
    if made.why_alone is not None:
        say(f"  Triton runs requests one by one: {printable(made.why_alone)}")
    if made.caution:
        say(f"  note: {made.caution}")
    for name in made.kept:
        say(f"  kept {printable(name)}, which was edited")
