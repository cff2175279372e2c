"""Files that variants make of a workload's prepared ones, once, before anything is timed.

A quantized model is made by the variant's own tools, in its own environment and process, so that a
crash, or an old NumPy, is that variant's alone.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

from isthmus.errors import BackendMissing, IsthmusError

from .environments import interpreter
from .processes import FOLDER, LONGEST_SECONDS, Home, surroundings
from .variants import Variant

__all__ = ["make"]

BOOT = (
    "import sys; sys.path.append(sys.argv[1]); "
    "from portable.timing.making import main; main(sys.argv[2])"
)


def make(
    folder: Path, variant: Variant, threads: int, home: Home | None = None, *, classes: bool = False
) -> None:
    """Let the variant's maker write its file into the folder; nothing for a variant without one.

    classes: whether outputs rank classes, so that labels are to stay. home: where another revision
    of Isthmus is. Raises BackendMissing for what is not installed, IsthmusError with the last words
    of what failed.
    """
    file = variant.options.get("file")
    if not variant.maker or (file and (folder / file).exists()):
        return
    options = {**variant.options, "threads": threads, "classes": classes}
    job = {"maker": variant.maker, "folder": str(folder), "options": options}
    with TemporaryDirectory(prefix="isthmus-job-", dir=folder) as place:
        path = Path(place) / "job.json"
        path.write_text(json.dumps(job), encoding="utf-8")
        python = home.python if home else interpreter(variant.environment)
        _run([str(python), "-c", BOOT, str(FOLDER), str(path)], variant, threads, home)


def _run(command: list[str], variant: Variant, threads: int, home: Home | None) -> None:
    """In the folder of the job, as quantizers leave files where they run."""
    try:
        done = subprocess.run(
            command,
            cwd=home.folder if home else Path(command[-1]).parent,
            env=surroundings(variant, threads) | dict(home.variables if home else {}),
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=LONGEST_SECONDS,
        )
    except subprocess.TimeoutExpired:
        raise IsthmusError(f"{variant.name}: no file in {LONGEST_SECONDS:.0f} s") from None
    if done.returncode:
        words = done.stderr.strip().splitlines()[-1:] or [f"ended with code {done.returncode}"]
        missing = done.returncode == BackendMissing.exit_code
        raise (BackendMissing if missing else IsthmusError)(words[0])
