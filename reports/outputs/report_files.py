"""A report as files: report.md, report.html, CSV tables, and every plot as SVG and PNG."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from isthmus.errors import FileError
from isthmus.reports.content import Report, build_report
from isthmus.reports.plots.drawing import draw

from .markdown import markdown
from .page import page
from .tidy_tables import write_tables

__all__ = ["write", "write_report"]


def write_report(
    files: Sequence[str | Path],
    out_dir: str | Path,
    *,
    prices: str | Path | None = None,
    instances: Sequence[str] = (),
    utilisation: float = 1.0,
) -> tuple[Path, ...]:
    """Write the report of these result files into out_dir; the paths written.

    Errors: those of `build_report`, and `FileError` where out_dir cannot be written.

    >>> from isthmus import reports
    >>> [path.name for path in reports.write_report(["head.json"], "report")][:2]
    ['report.md', 'report.html']
    """
    report = build_report(files, prices=prices, instances=instances, utilisation=utilisation)
    return write(report, out_dir)


def write(report: Report, out_dir: str | Path) -> tuple[Path, ...]:
    """Write a report that is already built; a plot that has nothing to draw has no file.

    >>> from isthmus import reports
    >>> paths = reports.write(reports.build_report(["head.json"]), "report")
    >>> "cost.csv" in {path.name for path in paths}
    True
    """
    directory = Path(out_dir)
    try:
        directory.mkdir(parents=True, exist_ok=True)
        return (*_contents(report, directory), *write_tables(report, directory))
    except OSError as error:
        reason = error.strerror or str(error)
        raise FileError(f"{directory}: {reason}; name a folder that can be written") from None


def _contents(report: Report, directory: Path) -> list[Path]:
    drawings = draw(report)
    contents = {"report.md": markdown(report).encode()}
    contents |= {"report.html": page(report, drawings).encode()}
    for drawing in drawings:
        contents |= drawing.files()
    for name, content in contents.items():
        (directory / name).write_bytes(content)
    return [directory / name for name in contents]
