"""Which device a program runs on: its kind and number, as `device="cuda:1"` names them."""

from __future__ import annotations

import re
from typing import NamedTuple

from isthmus.errors import UsageError
from isthmus.program.options import Options

__all__ = ["KINDS", "Device", "device_of"]

KINDS = ("cuda", "cpu")


class Device(NamedTuple):
    """kind: "cuda" or "cpu"; number: which GPU, as the driver counts those it shows."""

    kind: str
    number: int = 0

    @property
    def is_host(self) -> bool:
        return self.kind == "cpu"

    def __str__(self) -> str:
        return f"{self.kind}:{self.number}" if self.number else self.kind


def device_of(options: Options) -> Device:
    """The device of the options, "cuda" by default; UsageError for one that is not offered.

    >>> from isthmus.extend import Options
    >>> device_of(Options(device="cuda:1"))
    Device(kind='cuda', number=1)
    """
    text = options.device or KINDS[0]
    found = re.fullmatch(r"([a-z]+)(?::(0|[1-9]\d{0,3}))?", text)
    if found is None or found[1] not in KINDS or (found[1] == "cpu" and found[2]):
        raise UsageError(
            f"device={options.device!r}: backend 'gpu' offers 'cuda', 'cuda:1' and so on, and 'cpu'"
        )
    return Device(found[1], int(found[2] or 0))
