"""The names for authors of operators and backends: they are there, and their examples work."""

from __future__ import annotations

import doctest
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy
import pytest

import isthmus as im
from isthmus import extend, np
from isthmus.program.backend import find_backend

EXAMPLES = doctest.DocTestParser().get_examples(extend.__doc__ or "")


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The docstring's code as an installed package, whose backend is registered."""
    name = "isthmus_extend_example"
    (tmp_path / f"{name}.py").write_text("".join(example.source for example in EXAMPLES))
    about = tmp_path / f"{name}-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(f"[isthmus.backends]\nsmall = {name}:Small\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield name
    find_backend.cache_clear()


def test_its_names_are_there_once_in_order() -> None:
    assert [name for name in extend.__all__ if not hasattr(extend, name)] == []
    assert len(set(extend.__all__)) == len(extend.__all__)


def test_all_of_its_names_are_offered() -> None:
    public = {name for name in vars(extend) if name[0].isalpha()} - {"annotations"}
    assert public == set(extend.__all__)


@pytest.mark.usefixtures("package")
def test_the_backend_of_the_docstring_is_found_by_its_entry_point() -> None:
    assert "small" in im.backend_names()

    def program(x: Any) -> Any:
        return np.tanh(2 * x + 1)

    run = im.compile(program, im.spec("float32", ["n"]), backend="small")
    x = numpy.array([0.5, -1], numpy.float32)
    numpy.testing.assert_allclose(run(x), numpy.tanh(2 * x + 1))
    assert [segment.on_host for segment in run.segments] == [False, True]
    assert "small multiplies and adds" in run.explain()
