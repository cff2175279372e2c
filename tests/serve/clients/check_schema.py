"""`check_schema.py SCHEMA FILE ...`: 0 where each file of JSON fits; 1 and a reason."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import jsonschema


def main(schema: str, paths: list[str]) -> int:
    rules = json.loads(Path(schema).read_text(encoding="utf-8"))
    for path in paths:
        try:
            jsonschema.validate(json.loads(Path(path).read_text(encoding="utf-8")), rules)
        except jsonschema.ValidationError as problem:
            print(problem.message, file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
