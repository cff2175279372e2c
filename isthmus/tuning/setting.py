"""One way to run a program: all that `isthmus.compile` is told, and processes side by side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from isthmus.program.options import needs_samples

__all__ = ["Setting", "read_setting"]

PRECISIONS = ("f32", "bf16", "f16", "int8")  # from the most exact


@dataclass(frozen=True)
class Setting:
    """backend, device, precision, weights, threads, streams: as `isthmus.compile` takes them.

    static: whether the program is made for the samples' very sizes. copies: processes side by side.
    extra: the backend's levers, as pairs. kept: paths of blocks that stay in float32.
    """

    backend: str
    device: str | None = None
    precision: str = "f32"
    weights: str | None = None
    threads: int = 1
    streams: int = 1
    static: bool = False
    copies: int = 1
    extra: tuple[tuple[str, Any], ...] = ()
    kept: tuple[str, ...] = ()

    def __str__(self) -> str:
        """For people: "cpu int8, 2 threads, static sizes"."""
        place = f"{self.backend} on {self.device}" if self.device else self.backend
        parts = (
            f"{place} {self.precision}" + (f", weights {self.weights}" if self.weights else ""),
            f"{' and '.join(self.kept)} f32" if self.kept else "",
            f"{self.threads} thread{'s' if self.threads > 1 else ''}",
            f"{self.streams} streams" if self.streams > 1 else "",
            f"{self.copies} processes" if self.copies > 1 else "",
            "static sizes" if self.static else "",
            *(f"{name}={value}" for name, value in self.extra),
        )
        return ", ".join(filter(None, parts))

    @property
    def keywords(self) -> dict[str, Any]:
        """What to give `isthmus.compile` or `isthmus.load`; of what it takes by itself, nothing."""
        every = {
            "backend": self.backend,
            "device": self.device,
            "precision": self.precision,
            "weights": self.weights,
            "threads": self.threads,
            "streams": self.streams,
            "levers": dict(self.extra),
            "overrides": dict.fromkeys(self.kept, "f32"),
        }
        usual: dict[str, Any] = {
            "device": None,
            "precision": "f32",
            "weights": None,
            "streams": 1,
            "levers": {},
            "overrides": {},
        }
        return {name: value for name, value in every.items() if value != usual.get(name, ...)}

    @property
    def needs_samples(self) -> bool:
        """Whether it is calibrated."""
        return needs_samples(self.precision, dict(self.extra))

    @property
    def is_exact(self) -> bool:
        """Whether its numbers are float32's but for the order of sums."""
        return self.precision == "f32" and self.weights is None

    @property
    def preference(self) -> tuple[Any, ...]:
        """The least is taken of settings that are equally fast: exact first, then simple."""
        exact = PRECISIONS.index(self.precision) if self.precision in PRECISIONS else 9
        simple = (
            not self.kept,
            self.copies,
            self.streams,
            len(self.extra),
            self.static,
            self.threads,
        )
        return exact, self.weights is not None, *simple

    def document(self) -> dict[str, Any]:
        """For JSON."""
        return {**asdict(self), "extra": dict(self.extra)}


def read_setting(document: Mapping[str, Any]) -> Setting:
    """What `document` gave."""
    pairs, kept = tuple(document["extra"].items()), tuple(document["kept"])
    return Setting(**{**document, "extra": pairs, "kept": kept})
