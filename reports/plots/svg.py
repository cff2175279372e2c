"""A matplotlib figure as SVG that follows the reader's light or dark, or as PNG.

matplotlib writes colours, its own font list and an id on every group. Colours become CSS
variables, fonts the reader's own, and ids stay only where something refers to them, under the
plot's name, so that many plots can stand in one page.
"""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from .style import css, names

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["png", "svg", "svg_file"]

SVG = "http://www.w3.org/2000/svg"
HREF = "{http://www.w3.org/1999/xlink}href"
DROPPED = ("metadata", "style")
PNG_DPI = 160
TEXT = "font: 10px system-ui, sans-serif"

_NUMBER = re.compile(r"-?\d+\.\d+")
_FONT = re.compile(r"font-family: [^;]*;? ?")
_COLOUR = re.compile(r"#[0-9a-f]{6}")
_REFERENCE = re.compile(r"url\(#([^)]+)\)")
_NO_METADATA = dict.fromkeys(("Creator", "Date", "Format", "Type"))


def svg(figure: Figure, label: str) -> str:
    """An <svg> element for a page that has `css()`; `label` is read to those who cannot see it."""
    return ElementTree.tostring(_element(figure, label), encoding="unicode")


def svg_file(figure: Figure, label: str) -> str:
    """The same as a file of its own, with the colours inside."""
    element = _element(figure, label)
    style = ElementTree.Element(f"{{{SVG}}}style")
    style.text = css()
    element.insert(0, style)
    return ElementTree.tostring(element, encoding="unicode") + "\n"


def png(figure: Figure) -> bytes:
    """The picture on white paper."""
    stream = io.BytesIO()
    figure.savefig(
        stream, format="png", dpi=PNG_DPI, facecolor="white", metadata={"Software": None}
    )
    return stream.getvalue()


def _element(figure: Figure, label: str) -> ElementTree.Element:
    stream = io.StringIO()
    figure.savefig(stream, format="svg", metadata=_NO_METADATA)
    ElementTree.register_namespace("", SVG)
    root = ElementTree.fromstring(stream.getvalue())
    used = _used(root)
    for element in root.iter():
        _restyle(element, used)
    _prune(root)
    root.attrib.pop("version", None)
    root.attrib |= {"class": "plot", "role": "img", "aria-label": label}
    root.attrib |= {"style": TEXT, "stroke-linejoin": "round"}
    return root


def _used(root: ElementTree.Element) -> set[str]:
    """The ids that something refers to."""
    values = [value for element in root.iter() for value in element.attrib.values()]
    links = {element.get(HREF, "").removeprefix("#") for element in root.iter()}
    return links | {name for value in values for name in _REFERENCE.findall(value)}


def _restyle(element: ElementTree.Element, used: set[str]) -> None:
    for name in dict(element.attrib):
        element.set(name, _WRITTEN.get(name, str)(element.attrib[name]))
    if element.get("id") not in used:
        element.attrib.pop("id", None)
    if link := element.attrib.pop(HREF, ""):
        element.set("href", link)
    if "rotate(-0 " in element.get("transform", ""):
        del element.attrib["transform"]
    if element.text and not element.text.strip():
        element.text = None
    element.tail = None


def _prune(element: ElementTree.Element) -> None:
    """Take out what draws nothing, and groups that only hold; a page has thousands of both.

    matplotlib's <style> would restyle the whole page, and its metadata name web addresses.
    """
    for child in list(element):
        _prune(child)
        at, name = list(element).index(child), child.tag.removeprefix(f"{{{SVG}}}")
        if name in DROPPED or child.get("style") == "fill: none":
            element.remove(child)
        elif name in ("g", "defs") and not (len(child) and (child.attrib or name == "defs")):
            element[at : at + 1] = list(child)


def _style(text: str) -> str:
    return _COLOUR.sub(lambda found: _VARIABLES.get(found[0], found[0]), _FONT.sub("", text))


def _path(text: str) -> str:
    """Points after the first need no letter, as long as all lines are straight."""
    short = " ".join(_place(text).split())
    return short if "C" in short or "Q" in short else short.replace(" L ", " ")


def _place(text: str) -> str:
    """A tenth of a point is less than anyone sees."""
    return _NUMBER.sub(lambda found: f"{float(found[0]):.1f}".removesuffix(".0"), text)


_WRITTEN = {"style": _style, "d": _path, "x": _place, "y": _place, "transform": _place}
_VARIABLES = {look.light: f"var(--{name})" for name, look in names().items()}
