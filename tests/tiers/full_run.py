"""`full_run.py JUNIT`: notes in `tests/full-run.txt` which commit passed `make test-all`, and when.

CI reads it (`changed.py`), and cannot commit: whoever runs `make test-all` commits the file.
"""

from __future__ import annotations

import subprocess
import sys
from datetime import date
from pathlib import Path
from xml.etree import ElementTree

from isthmus.system.machine import processor

RECORD = Path(__file__).parents[1] / "full-run.txt"
ROOT = RECORD.parents[1]


def last_full_run(record: Path = RECORD) -> str | None:
    """The commit that passed; None where none is noted."""
    return read(record).get("commit") if record.exists() else None


def read(record: Path) -> dict[str, str]:
    """The lines of the file: a word, and the rest."""
    pairs = (line.partition(" ") for line in record.read_text(encoding="utf-8").splitlines())
    return {word: rest for word, _, rest in pairs}


def facts_of(junit: Path, commit: str) -> dict[str, str]:
    """What is noted of a run; its tests are counted in pytest's own file."""
    (suite,) = ElementTree.parse(junit).iter("testsuite")
    counts = {name: int(suite.attrib[name]) for name in ("tests", "skipped", "failures", "errors")}
    if counts["failures"] or counts["errors"]:
        raise SystemExit(f"{junit}: {counts['failures']} failures, {counts['errors']} errors")
    return {
        "commit": commit,
        "date": date.today().isoformat(),
        "tests": f"{counts['tests']}, of which {counts['skipped']} were skipped",
        "seconds": f"{float(suite.attrib['time']):.0f} on {processor()}",
    }


def git(*words: str) -> str:
    return subprocess.run(
        ["git", *words], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.strip()


def uncommitted() -> list[str]:
    """The paths that HEAD does not hold as they were tested, the record itself left out."""
    lines = git("status", "--porcelain").splitlines()
    return [line for line in lines if not line.endswith("tests/full-run.txt")]


def main(junit: str) -> None:
    changes = uncommitted()
    if changes:
        print(f"full run not noted: {len(changes)} uncommitted paths, {changes[0].split()[-1]}")
        return
    facts = facts_of(Path(junit), git("rev-parse", "HEAD"))
    RECORD.write_text("".join(f"{word} {rest}\n" for word, rest in facts.items()), "utf-8")
    print(f"noted in {RECORD.relative_to(ROOT)}: commit it")


if __name__ == "__main__":
    main(sys.argv[1])
