"""Requests that are not answered: the status of HTTP, and one line that says why and what to do."""

from __future__ import annotations

from collections.abc import Mapping

from isthmus.errors import IsthmusError

__all__ = ["Refused"]


class Refused(IsthmusError):
    """A request that is refused with a status; headers: what the answer says besides."""

    def __init__(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(" ".join(message.split()))
        self.status = status
        self.headers = dict(headers or {})
