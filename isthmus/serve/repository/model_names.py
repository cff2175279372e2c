"""Names of models that are a folder, a part of an address, and an object of Kubernetes."""

from __future__ import annotations

import re

from isthmus.errors import UsageError

__all__ = ["checked_name", "kubernetes_name"]

SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
LONGEST = 128
LONGEST_LABEL = 63  # of RFC 1123


def checked_name(name: str) -> str:
    """The name; UsageError for one that a server refuses or an address would need to escape.

    Triton cuts blanks off and refuses slashes; Model Server ends a name at a colon.

    >>> checked_name("resnet-18")
    'resnet-18'
    """
    if SAFE.fullmatch(name) and len(name) <= LONGEST:
        return name
    near = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-._")[:LONGEST] or "model"
    raise UsageError(
        f"model name {name!a}: servers take letters, digits, '.', '_' and '-', a letter or digit "
        f"first, {LONGEST} at most; give --name {near}"
    )


def kubernetes_name(name: str) -> str:
    """The name as a label of RFC 1123: small letters, digits and hyphens, a letter first.

    >>> kubernetes_name("MiniLM_L6.v2")
    'minilm-l6-v2'
    """
    label = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    if not label[:1].isalpha():
        label = f"model-{label}".rstrip("-")
    return label[:LONGEST_LABEL].rstrip("-")
