"""Environments beside the tests' own, with what knows the servers' formats, and a real Triton core.

`make serving-peers` makes them of `tests/serve/peers/*.txt`. Where one is missing, its tests skip.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from places import ROOT, TESTS

CLIENTS = TESTS / "serve" / "clients"
BACKENDS = TESTS / "serve" / "triton" / "backends"


def environment(name: str) -> Path:
    """The environment's folder; skips the test where it is not made."""
    found = ROOT / ".peers" / name
    if not (found / "bin" / "python").exists():
        pytest.skip(f"no environment {name}: make serving-peers")
    return found


def ran(name: str, script: str, *words: object) -> subprocess.CompletedProcess[str]:
    """A script of `tests/serve/clients` in an environment."""
    python = environment(name) / "bin" / "python"
    command = [str(python), str(CLIENTS / script), *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)


def parsed(*paths: Path) -> list[Any]:
    """Each config.pbtxt, by Triton's own message."""
    done = ran("triton", "check_config.py", *paths)
    assert done.returncode == 0, done.stderr
    found: list[Any] = json.loads(done.stdout)
    return found
