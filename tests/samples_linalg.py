"""Sample rows of operators: linalg. See `operator_samples`."""

from __future__ import annotations

from typing import Any

from sample_arrays import Sample

from isthmus.op import Op

ROWS: dict[Op[..., Any], list[Sample]] = {}
