"""Docstrings of public names: their examples run, and which of them have none is known.

An example imports what it uses. It runs in an empty folder with a published result file, head.json.
"""

from __future__ import annotations

import doctest
import inspect
import shutil
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from places import ROOT
from without_example import WITHOUT_EXAMPLE

from isthmus.extend import Op

sys.path.insert(0, str(ROOT / "docs" / "extensions"))

import public_names

RESULT = ROOT / "reports" / "results" / "quick-2026-11-22.json"
PARSER = doctest.DocTestParser()


def described() -> Iterator[tuple[str, Any]]:
    """Every public module, name and documented attribute of a class that is ours."""
    for module in public_names.MODULES:
        yield module, import_module(module)
    for full, found in public_names.names().items():
        ours = str(getattr(found, "__module__", "")).startswith("isthmus.")
        if not ours or not is_code(found) or public_names.home(full) != full:
            continue
        yield full, found
        for name in sorted(public_names.attributes(found)):
            yield f"{full}.{name}", vars(found)[name]


def is_code(found: Any) -> bool:
    return isinstance(found, Op) or inspect.isclass(found) or inspect.isroutine(found)


DESCRIBED = dict(described())


def examples(name: str) -> doctest.DocTest:
    known = {"__name__": "__main__"}  # as at a prompt
    return PARSER.get_doctest(DESCRIBED[name].__doc__ or "", known, name, name, 0)


WITH_EXAMPLE = {name for name in DESCRIBED if examples(name).examples}


@pytest.mark.parametrize("name", sorted(WITH_EXAMPLE))
def test_examples_run(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copy(RESULT, tmp_path / "head.json")
    monkeypatch.chdir(tmp_path)
    said: list[str] = []
    runner = doctest.DocTestRunner(optionflags=doctest.IGNORE_EXCEPTION_DETAIL)
    runner.run(examples(name), out=said.append)
    assert not said, "".join(said)


def test_public_names_have_an_example() -> None:
    """The list may only shrink: a name leaves it with its first example."""
    lacking = set(public_names.names()) & set(DESCRIBED) - WITH_EXAMPLE
    assert sorted(lacking - WITHOUT_EXAMPLE) == []
    assert sorted(WITHOUT_EXAMPLE - lacking) == []


def test_every_public_name_is_described() -> None:
    assert [name for name in DESCRIBED if not (DESCRIBED[name].__doc__ or "").strip()] == []
