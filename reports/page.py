"""A report as one self-contained HTML page: no script, no network, light and dark."""

from __future__ import annotations

from importlib.resources import files

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from .plot import plot
from .report import Report


def page(report: Report) -> str:
    """The page's text; everything that comes from a file is escaped."""
    source = files("isthmus.reports").joinpath("page.html.j2").read_text(encoding="utf-8")
    jinja = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    svg = Markup(plot(report.rows))  # plot() escapes what it writes
    return jinja.from_string(source).render(report=report, plot=svg)
