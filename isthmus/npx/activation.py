"""Activation functions, elementwise but for the softmaxes. x: any shape, float.

These are what a network means by them, and runtimes have kernels of their own for them.
So on a NaN, an infinity, or a magnitude above 1e38 they may differ from NumPy: a NaN may
leave relu as 0, and one bad element may leave the others of a softmax as numbers. The
functions of `isthmus.np` (`np.maximum`, `np.clip`, `np.exp`) keep NumPy's values everywhere.
"""

from __future__ import annotations

import math
from typing import Any

from isthmus import np
from isthmus.graph.infer import floating
from isthmus.trace.op import composite, primitive

from . import error_function


def _erf_gradient(g: Any, y: Any, x: Any) -> tuple[Any]:
    return (g * np.exp(-x * x) * (2 / math.sqrt(math.pi)),)


@primitive(infer=floating, vjp=_erf_gradient)
def erf(x: Any, /) -> Any:
    """The error function, 2/sqrt(pi) * the integral of exp(-t*t) from 0 to x."""
    return error_function.erf(x)


@composite
def elu(x: Any, /, *, alpha: float = 1.0) -> Any:
    """x above 0, alpha * (exp(x) - 1) below (Clevert et al. 2015, arXiv:1511.07289)."""
    return np.where(x > 0, x, alpha * (np.exp(np.minimum(x, 0)) - 1))


@composite
def gelu(x: Any, /, *, approximate: bool = False) -> Any:
    """x * Phi(x), Phi the normal distribution (Hendrycks and Gimpel 2016, arXiv:1606.08415).

    approximate: Phi by tanh instead of erf, as in the first BERT and in GPT-2.
    """
    if approximate:
        inner = math.sqrt(2 / math.pi) * (x + 0.044715 * (x * x * x))
        return 0.5 * x * (1 + np.tanh(inner))
    return 0.5 * x * (1 + erf(x * math.sqrt(0.5)))


@composite
def hard_sigmoid(x: Any, /) -> Any:
    """min(max(x + 3, 0), 6) / 6 (Howard et al. 2019, arXiv:1905.02244)."""
    return relu6(x + 3) * (1 / 6)


@composite
def hard_swish(x: Any, /) -> Any:
    """x * min(max(x + 3, 0), 6) / 6 (Howard et al. 2019, arXiv:1905.02244)."""
    return x * hard_sigmoid(x)


@composite
def leaky_relu(x: Any, /, *, slope: float = 0.01) -> Any:
    """x above 0, slope * x below (Maas et al. 2013)."""
    return np.where(x > 0, x, slope * x)


@composite
def log_softmax(x: Any, /, *, axis: int = -1) -> Any:
    """x - max(x) - log(sum(exp(x - max(x)))) along axis: no overflow, unlike log(softmax)."""
    shifted = x - np.max(x, axis=axis, keepdims=True)
    return shifted - np.log(np.sum(np.exp(shifted), axis=axis, keepdims=True))


@composite
def relu(x: Any, /) -> Any:
    """max(x, 0)"""
    return np.maximum(x, 0)


@composite
def relu6(x: Any, /) -> Any:
    """min(max(x, 0), 6)"""
    return np.minimum(np.maximum(x, 0), 6)


@composite
def sigmoid(x: Any, /) -> Any:
    """1 / (1 + exp(-x)), as (1 + tanh(x / 2)) / 2, which does not overflow."""
    return 0.5 * (1 + np.tanh(0.5 * x))


@composite
def silu(x: Any, /) -> Any:
    """x * sigmoid(x) (Elfwing et al. 2017, arXiv:1702.03118)."""
    return x * sigmoid(x)


@composite
def softmax(x: Any, /, *, axis: int = -1) -> Any:
    """exp(x - max(x)) / sum(exp(x - max(x))) along axis."""
    weights = np.exp(x - np.max(x, axis=axis, keepdims=True))
    return weights / np.sum(weights, axis=axis, keepdims=True)
