"""What tests on real input need; without the sample packages they skip."""

from __future__ import annotations

import pytest

from isthmus.errors import IsthmusError
from isthmus.models.inputs import samples


def _are_here() -> bool:
    try:
        return bool(samples.mobilenet_v2() and samples.minilm() and samples.photographs())
    except IsthmusError:
        return False


needs_samples = pytest.mark.skipif(
    not _are_here(), reason="real input needs the sample packages: see samples.txt"
)
