"""A file that a variant needs, made once in the variant's own environment before anything is timed.

    python -c "..." JOB.json

The job names a module with `make(folder, options)`.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import NoReturn

from .main import exit_code, imported, one_line
from .turns import end_with_parent

__all__ = ["main"]


def main(path: str) -> NoReturn:
    """Make it; a failure is the last line of stderr, with the codes of a measured process."""
    code = 0
    try:
        end_with_parent()
        job = json.loads(Path(path).read_text(encoding="utf-8"))
        imported(job["maker"]).make(Path(job["folder"]), job["options"])
    except BaseException as problem:
        code = exit_code(problem)
        print(f"\n{one_line(problem)}", file=sys.stderr)
    sys.stderr.flush()
    os._exit(code)
