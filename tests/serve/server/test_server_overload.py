"""The study of a server under too much load, for seconds: what it says is said of a real server."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from places import ROOT

pytest.importorskip("ray", reason="isthmus serve runs on Ray: pip install 'isthmus[serve]'")

MISSING = 5
SHORT = ("--seconds", "5", "--capacity-seconds", "3", "--deadline-ms", "20000", "--queue", "24")
# Not whether 99 % were in time, nor what memory grew in seconds: others share the machine.
CERTAIN = ("all_right", "no_crash", "excess_refused", "only_known_statuses")


def test_too_much_load_is_refused_and_the_rest_is_right(tmp_path: Path) -> None:
    result = tmp_path / "overload.json"
    done = subprocess.run(
        [sys.executable, "-m", "studies.overload", str(result), *SHORT],
        capture_output=True,
        encoding="utf-8",
        cwd=ROOT,
    )
    if done.returncode == MISSING:
        pytest.skip(done.stderr.strip().splitlines()[-1])
    assert done.returncode == 0, done.stderr
    document = json.loads(result.read_text(encoding="utf-8"))
    assert {name: document["verdict"][name] for name in CERTAIN} == dict.fromkeys(CERTAIN, True)
    statuses = document["overload"]["statuses"]
    assert sum(statuses.values()) == document["overload"]["sent"] > 0
    assert statuses["200"] > 0 and document["batch_items"] > 1
    assert document["memory_mib"] and document["capacity_per_s"] > 0


def test_a_model_that_takes_no_texts_is_one_line() -> None:
    words = [sys.executable, "-m", "studies.overload", "--model", "mobilenet-v2"]
    done = subprocess.run(words, capture_output=True, encoding="utf-8", cwd=ROOT)
    assert done.returncode == 2 and len(done.stderr.strip().splitlines()) == 1
