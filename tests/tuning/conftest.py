"""What tests of tuning share: a cache folder of their own, and backends that fail."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import tuning_backends

from isthmus.program.backend import find_backend


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's cache folder."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def one_processor() -> Iterator[None]:
    """This process, and those it starts, on one processor."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    yield
    os.sched_setaffinity(0, before)


@pytest.fixture
def failing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The backends of `tuning_backends`, here and in the processes of candidates."""
    folder = tmp_path / "packages"
    folder.mkdir()
    tuning_backends.install(folder)
    monkeypatch.syspath_prepend(folder)
    yield
    find_backend.cache_clear()
