"""How many requests run side by side, and on how many threads: as tuned, or as the machine has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from isthmus.system.threads import available_threads

from .servers import BACKENDS

__all__ = ["Capacity", "capacity_of", "tuned_backend"]


@dataclass(frozen=True)
class Capacity:
    """instances: requests that run at once. threads: of all together. source: for people."""

    instances: int
    threads: int
    source: str

    @property
    def threads_each(self) -> int:
        """Of one instance, where each has threads of its own."""
        return max(1, self.threads // self.instances)


def capacity_of(tuning: Mapping[str, Any] | None, backend: str, device: str) -> Capacity:
    """What `isthmus.tune` chose, if for the runtime of this backend of Triton and this device."""
    setting = _chosen(tuning)
    if setting is not None and _server_of(setting) == (backend, device):
        copies = setting["copies"]
        return Capacity(
            setting["streams"] * copies, setting["threads"] * copies, "as isthmus.tune chose"
        )
    return Capacity(1, available_threads(), "as the exporting machine has")


def tuned_backend(tuning: Mapping[str, Any] | None, device: str) -> str | None:
    """The backend of Triton that runs what was chosen, where it was chosen for this device."""
    setting = _chosen(tuning)
    found = None if setting is None else _server_of(setting)
    return None if found is None or found[1] != device else found[0]


def _server_of(setting: Mapping[str, Any]) -> tuple[str, str] | None:
    """Backend and device; None for what no server has, as backend "numpy"."""
    for name, backend in BACKENDS.items():
        if backend.runs == setting["backend"]:
            default = "cuda" if name == "onnxruntime" else "cpu"
            return name, setting["device"] or default
    return None


def _chosen(tuning: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """The setting of the row that was chosen; None where the document is of another form."""
    try:
        rows = [] if tuning is None else tuning["rows"]
        (setting,) = [row["setting"] for row in rows if row["state"] == "chosen"]
        numbers = [setting[name] for name in ("copies", "streams", "threads")]
        is_whole = all(isinstance(n, int) and not isinstance(n, bool) and n > 0 for n in numbers)
        texts = isinstance(setting["backend"], str), setting["device"]
    except (KeyError, TypeError, ValueError):
        return None
    is_known = texts[0] and (texts[1] is None or isinstance(texts[1], str))
    return setting if is_whole and is_known else None
