"""Rules of reductions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy
from openvino import opset16 as ov

from isthmus.infer import axes_of

from .builder import Output, Site, vector
from .rules import Rule


def reduction(function: Callable[..., Any]) -> Rule:
    """A rule for a reduction over `axis`."""

    def rule(site: Site, x: Output) -> Output:
        axes = axes_of(site.attributes["axis"], site.operand_type(0).ndim)
        return function(x, vector(axes), site.attributes["keepdims"])

    return rule


def extreme(function: Callable[..., Any]) -> Rule:
    """reduce_max or reduce_min, which drop a NaN in OpenVINO; NaN where any element is."""
    inner = reduction(function)

    def rule(site: Site, x: Output) -> Output:
        result = inner(site, x)
        if site.type.dtype.kind != "f" or site.numerics == "fast":
            return result
        found = reduction(ov.reduce_logical_or)(site, ov.is_nan(x))
        return ov.select(found, ov.constant(numpy.nan, numpy.float32), result)

    return rule
