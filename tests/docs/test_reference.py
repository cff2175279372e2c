"""The pages of the reference: every public name is on one, and docstrings become markup."""

from __future__ import annotations

import re
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest
from places import ROOT

sys.path.insert(0, str(ROOT / "docs" / "extensions"))

import public_names
from plain_docstrings import plain_signature, rest

DIRECTIVE = re.compile(r"\.\. names:: (\S+)\n(?:   :chapter: (\w+)\n)?((?:\n|   .*\n)*)")
PAGES = sorted((ROOT / "docs" / "api").rglob("*.md"))


def shown(page: str) -> list[str]:
    """The full names that a page's directives list."""
    found: list[str] = []
    for module, chapter, content in DIRECTIVE.findall(page):
        place = import_module(f"{module}.{chapter}" if chapter else module)
        names = [line.strip() for line in content.splitlines() if line.strip()] or place.__all__
        package = import_module(module)
        modules = [name for name in names if isinstance(getattr(package, name), ModuleType)]
        found += [f"{module}.{name}" for name in names if name not in modules]
    return found


def test_every_public_name_is_on_one_page() -> None:
    found = [name for page in PAGES for name in shown(page.read_text())]
    assert sorted(found) == sorted(public_names.names())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_page_is_in_the_contents(page: Path) -> None:
    place = page.relative_to(ROOT / "docs").with_suffix("").as_posix()
    contents = [ROOT / "docs" / "index.md", ROOT / "docs" / "api" / "np.md"]
    lines = {line for text in contents for line in text.read_text().splitlines()}
    assert place in lines or place.removeprefix("api/") in lines


def linked(written: str) -> str | None:
    return public_names.linked(written, "isthmus.np.tanh")


WRITTEN = {
    "x1 * x2, and |x|": "x1 \\* x2, and \\|x\\|",
    "See `np.sum` and `tanh()`.": (
        "See :py:obj:`np.sum <isthmus.np.sum>` and :py:obj:`tanh() <isthmus.np.tanh>`."
    ),
    "Some `x + y`s.": "Some ``x + y``\\ s.",
    "Raises UsageError.": "Raises :py:exc:`UsageError <isthmus.errors.UsageError>`.",
    "Its __all__ and running_mean stay.": "Its __all\\_\\_ and running_mean stay.",
}


@pytest.mark.parametrize("text", WRITTEN)
def test_text_keeps_its_signs(text: str) -> None:
    assert [line for line in rest([text], (), linked) if line] == [WRITTEN[text]]


def test_parameters_become_a_list_and_errors_a_paragraph() -> None:
    lines = ["x: any shape, float; axis: an int.", "keepdims: as in NumPy. Raises UsageError."]
    found = [line for line in rest(lines, ("x", "axis", "keepdims"), linked) if line]
    assert found == [
        "* ``x``: any shape, float;",
        "* ``axis``: an int.",
        "* ``keepdims``: as in NumPy.",
        "Raises :py:exc:`UsageError <isthmus.errors.UsageError>`.",
    ]


def test_code_and_sessions_stay_as_they_are() -> None:
    lines = ["A fact.", "", "    first = 1", "", "    second = 2", "", ">>> first * second", "2"]
    assert rest(lines, (), linked) == [
        *("", "A fact.", "", ""),
        *("::", "", "    first = 1", "", "    second = 2", ""),
        *(">>> first * second", "2", ""),
    ]


def test_types_that_say_nothing_are_left_out() -> None:
    given = "(x: ~typing.Any, /, y: ~numpy.ndarray[~typing.Any, ~typing.Any] = None)"
    assert plain_signature(given) == "(x, /, y: ~numpy.ndarray = None)"
