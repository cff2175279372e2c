"""The files that all versions of a model share, by what is known of the model."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from isthmus.graph.nodes import Graph
from isthmus.program.options import Options

from . import kserve, notes, ovms, triton
from .capacity import Capacity
from .settings import Settings
from .signature import Signature
from .tree import Shared

__all__ = ["Described"]


@dataclass(frozen=True)
class Described:
    """A model, and what servers are told of it. why_alone: None where requests are joined."""

    name: str
    graph: Graph
    signature: Signature
    capacity: Capacity
    settings: Settings
    buckets: Sequence[Mapping[str, int]]
    why_alone: str | None
    options: Options

    @property
    def shared_signature(self) -> dict[str, Any]:
        """Without how many rows are joined, which may change; whether any are may not."""
        document = self.signature.document()
        return {**document, "max_batch_size": "above 0" if self.signature.max_batch_size else "0"}

    def planned_in(self, folder: Path) -> Callable[[Shared], None]:
        """What plans the files of a folder."""

        def plan(shared: Shared) -> None:
            for file, content in self.texts().items():
                path = folder / file
                shared.replace(file, _text_of(path), content, path, content)
            self._plan_entry(folder, shared)

        return plan

    def texts(self) -> dict[str, str]:
        """What is in the files that are this model's alone."""
        name, capacity, settings = self.name, self.capacity, self.settings
        service = f"{name}.kserve.yaml"
        return {
            f"{name}/config.pbtxt": triton.config_text(
                name, self.signature, capacity, settings, self.graph, self.buckets
            ),
            f"{name}/{notes.README}": notes.notes(
                name, self.signature, capacity, settings, self.buckets, self.why_alone
            ),
            service: kserve.yaml_text(service, kserve.manifest(name, capacity, settings), settings),
        }

    def _plan_entry(self, folder: Path, shared: Shared) -> None:
        """In config.json, which other models share, this model's own part."""
        document = ovms.read_config(folder)
        known = ovms.known_entry(document, self.name)
        processors = os.cpu_count() or 1
        entry = ovms.entry_of(self.name, self.capacity, self.settings, self.options, processors)
        whole = json.dumps(ovms.with_entry(document, entry), indent=2) + "\n"
        there = None if known is None else _canonical(known)
        shared.replace(ovms.CONFIG, there, _canonical(entry), folder / ovms.CONFIG, whole)


def _text_of(path: Path) -> str | None:
    """What a file holds, None for no file."""
    with suppress(FileNotFoundError):
        return path.read_text(encoding="utf-8", errors="surrogateescape")
    return None


def _canonical(entry: Mapping[str, Any]) -> str:
    return json.dumps(entry, sort_keys=True)
