"""When something was measured: instants as UTC, so that their texts are in the order of time."""

from __future__ import annotations

from datetime import UTC, datetime

__all__ = ["utc"]


def utc(text: str) -> str | None:
    """ISO 8601 to the second, in UTC and without its zone; None for what is no time.

    A time without an offset is UTC already, as pytest-benchmark writes it.

    >>> utc("2026-11-20T10:00:00+02:00"), utc("2026-11-20T08:00:00.5"), utc("soon")
    ('2026-11-20T08:00:00', '2026-11-20T08:00:00', None)
    """
    try:
        found = datetime.fromisoformat(text)
        moved = found.astimezone(UTC) if found.tzinfo else found
    except (ValueError, OverflowError):  # no time, or one in the year 1 or 9999
        return None
    return moved.replace(tzinfo=None).isoformat(timespec="seconds")
