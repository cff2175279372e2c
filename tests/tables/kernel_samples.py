"""An operator of another package with a kernel for each runtime, and samples of its calls.

Its libraries are built when a test of it asks for them (`kernel_libraries.built`).
"""

from __future__ import annotations

from typing import Any

import numpy
from kernel_libraries import RUNTIME_OF, place
from sample_arrays import Sample

from isthmus.extend import Kernel, elementwise, primitive

__all__ = ["KERNEL_SAMPLES", "soft_shrink"]

KERNELS = {name: Kernel(str(place(name)), "SoftShrink", "my.ops") for name in RUNTIME_OF}
F32 = numpy.float32


@primitive(infer=elementwise, name="samples.soft_shrink", kernels=KERNELS)
def soft_shrink(x: Any, /, *, lambd: float = 0.5) -> Any:
    """x - lambd where x > lambd, x + lambd where x < -lambd, else 0."""
    step = x.dtype.type(lambd)
    return numpy.where(x > step, x - step, numpy.where(x < -step, x + step, x.dtype.type(0)))


LINE = numpy.linspace(-2, 2, 37).astype(F32)
KERNEL_SAMPLES = {
    soft_shrink: [
        Sample((LINE,)),
        Sample((LINE[:24].reshape(2, 3, 4),), {"lambd": 0.25}),
        Sample((numpy.array(1.5, F32),)),
        Sample((numpy.zeros((0, 3), F32),)),
        Sample((numpy.array([-3, 0, 2]),)),
        Sample((LINE.astype(numpy.float64),), {"lambd": 1.0}),
        Sample((numpy.array([numpy.nan, numpy.inf, -numpy.inf, -0.0, 1e-40], F32),)),
    ]
}
