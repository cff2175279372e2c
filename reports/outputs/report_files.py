"""A report as files: report.md, report.html, CSV tables, and every plot as SVG and PNG."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from isthmus.errors import FileError
from isthmus.reports.content import Report, build_report
from isthmus.reports.plots.drawing import PLOTS, draw
from isthmus.system.files import replacing, try_folder, utf8

from .markdown import markdown
from .page import page
from .tidy_tables import TABLE_FILES, table_files

__all__ = ["contents", "file_names", "keep", "write", "write_report"]

MARKDOWN, PAGE = "report.md", "report.html"


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
    try_folder(directory)
    return keep(contents(report), directory)


def contents(report: Report) -> dict[str, bytes]:
    """Every file by its name; a plot that has nothing to draw has none."""
    drawings = draw(report)
    made = {MARKDOWN: utf8(markdown(report)), PAGE: utf8(page(report, drawings))}
    for drawing in drawings:
        made |= drawing.files()
    return made | {name: utf8(text) for name, text in table_files(report).items()}


def keep(contents: Mapping[str, bytes], directory: Path) -> tuple[Path, ...]:
    """Write them, all or none; FileError where the folder cannot be written."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with replacing(directory / PAGE) as partial:
            for name, content in contents.items():
                (partial.parent / name).write_bytes(content)
    except OSError as error:
        reason = error.strerror or str(error)
        raise FileError(f"{directory}: {reason}; name a folder that can be written") from None
    return tuple(directory / name for name in contents)


def file_names() -> tuple[str, ...]:
    """Of every file that a report may have."""
    plots = [f"{plot.name}.{kind}" for plot in PLOTS for kind in ("svg", "png")]
    return (MARKDOWN, PAGE, *plots, *TABLE_FILES)
