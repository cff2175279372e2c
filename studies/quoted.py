"""Parts of reports as pages quote them: all between `<!-- WHAT of FILE -->` and `<!-- end -->`.

    python -m studies.quoted PAGE.md ... [RESULT.json]

writes them anew, so that no figure in a page is typed by hand. WHAT is `verdict`, `picture`, a word
of a table's title (`against_few`: six of its rows; `plan`: of 10^9 requests a day), the name of a
study (`studies`), `tuned`, what `isthmus tune` printed, or `verdicts`, what a gate said; FILE is a
result file as the page would link it. With RESULT.json, quotes of older files of its kind
(`full-2026-01-01.json` is of the kind `full`) become quotes of it.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import replace
from functools import cache
from pathlib import Path

from isthmus.benchmarks.gate.outputs import to_text
from isthmus.benchmarks.gate.outputs.to_json import outcome_of
from isthmus.benchmarks.gate.outputs.to_table import table as verdict_table
from isthmus.errors import UsageError
from isthmus.reports import Demand
from isthmus.reports.content import Report, build_report
from isthmus.reports.display import Table
from isthmus.reports.outputs.markdown import escape, table_grid
from isthmus.system import command

from .tables import STUDIES, study_table

QUOTE = re.compile(r"<!-- (\w+) of (\S+) -->\n.*?<!-- end -->", re.DOTALL)
# The rows of a table that a first look gets: a model of each family, for one request and for eight.
FEW = (
    *("bert-base-128", "resnet-50", "mobilenet-v2"),
    *("minilm-l6-128-b8", "resnet-50-b8", "mobilenet-v2-b8"),
)
DATE = re.compile(r"-\d{4}-\d{2}-\d{2}$")


def main(arguments: list[str]) -> None:
    results = [Path(name) for name in arguments if name.endswith(".json")]
    newest = results[-1] if results else None
    for name in arguments:
        if name.endswith(".md"):
            page = Path(name)
            page.write_text(renewed(page, newest), encoding="utf-8")


def renewed(page: Path, newest: Path | None = None) -> str:
    """The page's text with every quote written anew."""
    return QUOTE.sub(lambda found: _quote(page, found, newest), page.read_text(encoding="utf-8"))


def _quote(page: Path, found: re.Match[str], newest: Path | None) -> str:
    what, file = found[1], page.parent / found[2]
    if newest is not None and kind(newest) == kind(file):
        file = newest
    link = Path(os.path.relpath(file.resolve(), page.parent.resolve())).as_posix()
    return f"<!-- {what} of {link} -->\n{_part(what, file, link)}\n<!-- end -->"


def kind(file: Path) -> str:
    """The name without its date."""
    return DATE.sub("", file.stem)


def _part(what: str, file: Path, link: str) -> str:
    if what == "tuned":
        text = json.loads(file.read_text(encoding="utf-8"))["text"]
        return f"[Result file]({link}).\n\n```text\n{text}\n```"
    if what in STUDIES:
        return f"[Result file]({link}).\n\n{study_table(what, file)}"
    if what == "verdicts":
        return f"[Result file]({link}).\n\n{_verdicts(file)}"
    report = _report(file.resolve())
    if what == "picture":
        return f"![{escape(report.verdict)}]({link.removesuffix('.json')}/speedup.svg)"
    if what == "verdict":
        return f"{escape(report.verdict)} ([result file]({link}))"
    title = what.removesuffix("_few")
    for table in report.tables:
        if title in table.title.lower() and table.rows:
            table = table if title == what else _few(table)
            shared = f"{escape(table.shared)} " if table.shared else ""
            return f"{shared}[Result file]({link}).\n\n{table_grid(table)}"
    raise UsageError(f"{file}: no table with '{what}' in its title")


def _few(table: Table) -> Table:
    """The rows of FEW, in its order."""
    rows = {str(row[0]): row for row in table.rows}
    return replace(
        table, rows=tuple(rows[name] for name in FEW if name in rows), strong=frozenset()
    )


@cache
def _report(file: Path) -> Report:
    return build_report([file], demand=Demand(1e9))


def _verdicts(file: Path) -> str:
    """What a gate said, of the file of its --output."""
    found = outcome_of(json.loads(file.read_text(encoding="utf-8")), str(file))
    lines = [f"{to_text.headline(found)}: {to_text.sides(found)}", *to_text.warnings(found)]
    said = "\n".join(f"{escape(line)}.  " for line in lines)
    shown = verdict_table("", found.gravest_first())
    shared = f"{escape(shown.shared)} " if shown.shared else ""
    return f"{said}\n\n{shared}Time: {to_text.about(found)['time']}.\n\n{table_grid(shown)}"


if __name__ == "__main__":
    command.run(main)
