"""The studies of calls and of texts run, and measure what they say."""

from __future__ import annotations

from pathlib import Path

import pytest

from isthmus.models.texts import WAYS
from studies import call_overhead, texts


@pytest.mark.parametrize("name", call_overhead.BACKENDS)
def test_every_way_of_calling_is_compared_with_the_runtimes_own(name: str, tmp_path: Path) -> None:
    found = call_overhead.measured(name, tmp_path, rounds=2)
    assert found["the runtime's own"]["overhead_us"] == 0
    assert {"bound", "call", "call by name", "named size: bound"} <= set(found)
    assert all(row["call_us"] > 0 for row in found.values())


def test_every_way_of_running_texts_is_compared_with_padding() -> None:
    found = texts.measured(size=4, count=1, rounds=1)
    assert set(found["ways"]) == set(WAYS)
    assert found["ways"]["padded"]["over_padded"] == 1
    assert found["bound_of_padding"] > 1
    assert found["ways"]["exact"]["padding"] == 0
    assert found["ways"]["packed"]["padding"] < found["ways"]["padded"]["padding"]
