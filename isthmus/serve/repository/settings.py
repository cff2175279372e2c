"""How a server is to run a model, beside what the program says itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from isthmus.errors import UsageError

from .servers import BACKENDS

__all__ = ["BUCKETS", "Settings"]

BUCKETS = (16, 32, 64, 128, 256, 512)
DEVICES = ("cpu", "cuda")
MOST = 2**31 - 1  # of an int32


@dataclass(frozen=True)
class Settings:
    """server_backend: of Triton; None is "openvino" for a program in bf16 and for one in int8 that
    `isthmus.tune` found the fastest on backend "cpu", else "onnxruntime". device: "cpu" or "cuda",
    which "onnxruntime" alone has. max_batch_size: rows that Triton joins to one call, 0 to join
    none. queue_delay_us: how long a request waits for others. served_versions: how many of the
    newest versions are served. buckets: the sizes, by name, that clients pad to and that are run
    before the first request; of a name that is missing those of 16, 32, ... 512 that the program
    takes. storage_uri: where KServe finds the folder.

    >>> from isthmus.serve.repository import Settings
    >>> Settings(max_batch_size=16).queue_delay_us
    500
    """

    server_backend: str | None = None
    device: str = "cpu"
    max_batch_size: int = 8
    queue_delay_us: int = 500
    served_versions: int = 1
    buckets: Mapping[str, Sequence[int]] = field(default_factory=dict)
    storage_uri: str | None = None

    def __post_init__(self) -> None:
        _check_one_of("server_backend", self.server_backend, (None, *BACKENDS))
        _check_one_of("device", self.device, DEVICES)
        _check_number("max_batch_size", self.max_batch_size, 0)
        _check_number("queue_delay_us", self.queue_delay_us, 0)
        _check_number("served_versions", self.served_versions, 1)
        for name, sizes in self.buckets.items():
            for size in sizes:
                _check_number(f"buckets of {name}", size, 1)
        if self.device == "cuda" and self.server_backend == "openvino":
            raise UsageError(
                "device='cuda' with server_backend='openvino', which runs on processors; "
                "give 'onnxruntime'"
            )


def _check_one_of(name: str, value: object, known: Sequence[object]) -> None:
    if value not in known:
        *first, last = map(repr, known)
        raise UsageError(f"{name}={value!r}: give {', '.join(first)} or {last}")


def _check_number(name: str, value: object, least: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= MOST:
        raise UsageError(f"{name}={value!r}: give a whole number from {least} to {MOST}")
