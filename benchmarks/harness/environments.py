"""Where the peers' Python interpreters are: a virtual environment each, made by `make peers`."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

from isthmus.errors import BackendMissing

__all__ = ["OPTIONAL", "OWN", "interpreter", "used"]

OWN = "own"  # the environment that runs Isthmus
_CHECKOUT = Path(__file__).resolve().parents[2]
OPTIONAL = ("onnxruntime", "openvino")  # what Isthmus computes with, and so is in its own too


def interpreter(name: str) -> Path:
    """The interpreter of an environment; BackendMissing where there is none, with the remedy.

    It is looked for in the folder $ISTHMUS_PEERS, in `.peers` here and in that of the checkout.
    """
    if name == OWN:
        return Path(sys.executable)
    found = next(_candidates(name), None)
    if found is None:
        raise BackendMissing(
            f"no environment '{name}' of this peer; make peers makes .peers/{name}"
        )
    return found


def used(name: str) -> str:
    """The environment that stands in: Isthmus's own, where an optional one is not made."""
    return OWN if name in OPTIONAL and not any(_candidates(name)) else name


def _candidates(name: str) -> Iterator[Path]:
    """The interpreters of that name that are there, the user's choice first."""
    said = os.environ.get("ISTHMUS_PEERS")
    for folder in (*([Path(said)] if said else []), Path(".peers"), _CHECKOUT / ".peers"):
        python = folder.absolute() / name / "bin" / "python"
        if python.exists():
            yield python
