"""`check_service.py FILE`: an InferenceService against KServe's classes; 1 and what they lack.

The classes know the names of all fields as Kubernetes writes them (`attribute_map`), and the class
of each (`openapi_types`). Of Kubernetes's own classes the client has the same.
"""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml


def unknown(value: Any, kind: str, path: str) -> Iterator[str]:
    """Where a value is not what its class says."""
    if found := re.fullmatch(r"(?:list|List)\[(.*)\]", kind):
        if not isinstance(value, list):
            yield f"{path}: not a list"
            return
        for at, each in enumerate(value):
            yield from unknown(each, found[1], f"{path}[{at}]")
    elif found := re.fullmatch(r"(?:dict|Dict)\(str, (.*)\)|(?:dict|Dict)\[str, (.*)\]", kind):
        if not isinstance(value, dict):
            yield f"{path}: not a mapping"
            return
        for key, each in value.items():
            yield from unknown(each, found[1] or found[2], f"{path}.{key}")
    elif kind == "str":
        if not isinstance(value, str):
            yield f"{path}: {value!r} is no string"
    elif (known := class_of(kind)) is not None:
        names = {written: name for name, written in known.attribute_map.items()}
        for key, each in value.items():
            if key not in names:
                yield f"{path}: {kind} has no {key}"
            else:
                yield from unknown(each, known.openapi_types[names[key]], f"{path}.{key}")


def class_of(kind: str) -> Any:
    for module in ("kserve", "kubernetes.client"):
        if (found := getattr(importlib.import_module(module), kind, None)) is not None:
            return found
    return None


def main(path: str) -> int:
    document = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    problems = list(unknown(document, "V1beta1InferenceService", ""))
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
