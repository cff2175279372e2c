"""The other workloads of `isthmus bench --full`, as `bench_models.py` has the quick ones.

    pytest studies/bench_catalogue.py --benchmark-json result.json -k "resnet-50-b8"

Without the texts of many lengths, whose calls do not take the same time.
"""

from __future__ import annotations

from typing import Any

import pytest

from isthmus.benchmarks.work import workloads

from .bench_models import OWN

OTHERS = [
    work.name
    for work in workloads.WORKLOADS
    if work.name not in workloads.QUICK and work.sequence != "texts"
]


@pytest.mark.benchmark(disable_gc=True, warmup=False, min_rounds=5, max_time=1.0)
@pytest.mark.parametrize("variant", OWN)
@pytest.mark.parametrize("prepared", OTHERS, indirect=True)
def test_model(measure: Any, variant: str) -> None:
    measure(variant)
