"""The quick workloads as plain pytest-benchmark tests.

    pytest studies/bench_models.py --benchmark-json result.json -k "mobilenet and not numpy"
    isthmus report result.json

All variants in float32 that need no environment of their own, one after the other in one process;
for the peers, other precisions, and for intervals that hold across processes, there is
`isthmus bench`. A round is a call with the next set of inputs. The number of rounds is calibrated
and not pinned: calls take from a millisecond to a second, so that what all variants get alike is
the time, a second, and five rounds at the least. Before it the variant runs until its times are
steady, as in the harness. The threads are all processors that the process may use (for fewer:
taskset). pytest-xdist switches benchmarks off.
"""

from __future__ import annotations

from typing import Any

import pytest

from isthmus.benchmarks.harness import environments, variants
from isthmus.benchmarks.work import workloads

INSTALLED = (environments.OWN, *environments.OPTIONAL)  # in the environment that runs this
OWN = [v.name for v in variants.VARIANTS if v.home in INSTALLED and not (v.low or v.maker)]


@pytest.mark.benchmark(disable_gc=True, warmup=False, min_rounds=5, max_time=1.0)
@pytest.mark.parametrize("variant", OWN)
@pytest.mark.parametrize("prepared", workloads.QUICK, indirect=True)
def test_model(measure: Any, variant: str) -> None:
    measure(variant)
