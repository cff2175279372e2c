"""What is said to a name that is not there: the nearest that is, or what to write instead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

__all__ = ["absent"]


def absent(place: str, name: str, names: Sequence[str], elsewhere: Mapping[str, str]) -> Exception:
    """The AttributeError for a name that a place does not have.

    names: those it has. elsewhere: what to write for names of other libraries, which come first.
    """
    if name.startswith("__"):  # Python asks for these, and nobody reads the answer
        return AttributeError(f"{place} has no '{name}'")
    if name in elsewhere:
        return AttributeError(f"{place} has no '{name}': {elsewhere[name]}")
    lower = {known.lower(): known for known in reversed(names)}
    import difflib

    near = difflib.get_close_matches(name.lower(), lower, n=1)
    short = place.removeprefix("isthmus.")
    hint = f"the nearest is {short}.{lower[near[0]]}" if near else f"see dir({place})"
    return AttributeError(f"{place} has no '{name}'; {hint}")
