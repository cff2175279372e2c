"""Shared by all tests: their folders on the path, their tier, and the profiles of hypothesis."""

from __future__ import annotations

import gc
import os
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

TESTS = Path(__file__).parent

# Imported by path (`--import-mode=importlib`), tests do not find the modules beside them.
for _folder in ("tables", "tiers"):
    sys.path.insert(0, str(TESTS / _folder))

# Every test compiles what it runs; those of the cache have one of their own.
os.environ["ISTHMUS_CACHE"] = "off"

# `--hypothesis-profile=quick` chooses the other. How long a draw takes is the machine's matter.
settings.register_profile(
    "full",
    derandomize=True,
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("quick", settings.get_profile("full"), max_examples=10)
settings.load_profile("full")

from backends import BACKENDS, RUNTIMES, parameters  # noqa: E402 (its folder is on the path now)


@pytest.fixture(params=parameters(RUNTIMES))
def device_backend(request: pytest.FixtureRequest) -> dict[str, Any]:
    """The options of `compile` that choose a runtime; the gpu backend runs on the processor."""
    options: dict[str, Any] = request.param
    return options


@pytest.fixture(params=parameters(BACKENDS))
def any_backend(request: pytest.FixtureRequest) -> dict[str, Any]:
    """The same, and those of the numpy backend."""
    options: dict[str, Any] = request.param
    return options


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's cache folder, empty."""
    monkeypatch.setenv("ISTHMUS_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def failing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The backends of `tuning_backends`, here and in processes that are started."""
    import tuning_backends

    from isthmus.program.backend import find_backend

    folder = tmp_path / "packages"
    folder.mkdir()
    tuning_backends.install(folder)
    monkeypatch.syspath_prepend(folder)
    yield
    find_backend.cache_clear()


@pytest.fixture
def one_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    """A quota of one processor. The affinity stays: a runtime that saw it narrow keeps that."""
    monkeypatch.setattr("isthmus.system.threads.quota", lambda: 1)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """For the quick tier, files without quick tests are not even imported."""
    from tiers import has_none_quick

    if config.option.markexpr != "not exhaustive" or not collection_path.is_relative_to(TESTS):
        return None
    return has_none_quick(collection_path.relative_to(TESTS).as_posix()) or None


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """The garbage collector leaves alone what is collected here, which stays to the end."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.hookimpl(tryfirst=True)  # before `-m` chooses
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks what is exhaustive, and puts the files that take long first: they fill two workers."""
    from tiers import REAL_RUNS, is_exhaustive

    tests = Counter(item.path for item in items)
    real = {TESTS / path for path in REAL_RUNS}
    items.sort(key=lambda item: (item.path not in real, -tests[item.path], item.path))
    for item in items:
        if is_exhaustive(item.nodeid.removeprefix("tests/")):
            item.add_marker(pytest.mark.exhaustive)
