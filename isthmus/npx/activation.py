"""Activation functions, elementwise. x: any shape, float.

These are what a network means by them, and runtimes have kernels of their own for them.
So on a NaN, an infinity, or a magnitude above 1e38 they may differ from NumPy: a NaN may
leave relu as 0. The functions of `isthmus.np` (`np.maximum`, `np.clip`, `np.exp`) keep NumPy's
values everywhere. Half precision is computed in float32.
"""

from __future__ import annotations

import math
from typing import Any

import numpy

from isthmus import np
from isthmus.errors import UsageError
from isthmus.graph.infer import Elementwise
from isthmus.graph.operator import FOLLOWS
from isthmus.trace.op import composite, primitive

from . import error_function
from .precision import in_float32
from .standard import numbers, with_numbers

__all__ = [
    "elu",
    "erf",
    "gelu",
    "hard_sigmoid",
    "hard_swish",
    "leaky_relu",
    "mish",
    "relu",
    "relu6",
    "sigmoid",
    "silu",
]


def _erf_gradient(g: Any, y: Any, x: Any) -> tuple[Any]:
    return (g * np.exp(-x * x) * (2 / math.sqrt(math.pi)),)


@primitive(infer=Elementwise(error_function.real_floating), vjp=_erf_gradient)
def erf(x: Any, /) -> Any:
    """The error function, 2/sqrt(pi) * the integral of exp(-t*t) from 0 to x.

    x: any shape, real; the result has its dtype, of integers a float as of `np.exp`. Raises
    WrongKind, a TypeError, for complex numbers. Of NumPy arrays Cody's approximations (Math.
    Comp. 23, 1969) of float64, within 2 units in the last place, and one within 5e-7 of narrower
    floats.

    >>> from isthmus import np, npx
    >>> npx.erf(np.asarray([0.0, 0.5, 2.0]))
    array([0.        , 0.52049988, 0.99532227])
    """
    return error_function.erf(x)


@composite(settled=numbers("alpha"), is_standard=with_numbers("alpha"), precision=FOLLOWS)
@in_float32
def elu(x: Any, /, *, alpha: float = 1.0) -> Any:
    """x above 0, alpha * (exp(x) - 1) below (Clevert et al. 2015, arXiv:1511.07289).

    x: any shape, float; the result has its dtype.

    >>> from isthmus import np, npx
    >>> npx.elu(np.asarray([-1.0, 0.0, 2.0]))
    array([-0.63212056,  0.        ,  2.        ])
    """
    return np.where(x > 0, x, alpha * (np.exp(np.minimum(x, 0)) - 1))


def _settled_form(*_: Any, approximate: Any) -> dict[str, Any]:
    return {"approximate": _is_approximate(approximate)}


def _is_approximate(approximate: Any) -> bool:
    """By tanh: a truth value, or the name that ONNX and torch give the form."""
    found = {"tanh": True, "none": False}.get(approximate, approximate)
    if not isinstance(found, bool | numpy.bool_):
        raise UsageError(f"approximate={approximate!r}; give True or 'tanh', or False or 'none'")
    return bool(found)


@composite(settled=_settled_form, precision=FOLLOWS)
@in_float32
def gelu(x: Any, /, *, approximate: bool | str = False) -> Any:
    """x * Phi(x), Phi the normal distribution (Hendrycks and Gimpel 2016, arXiv:1606.08415).

    x: any shape, float; the result has its dtype. approximate: True or "tanh" for Phi by tanh
    instead of erf, as in the first BERT and in GPT-2. Raises UsageError for another word.

    >>> from isthmus import np, npx
    >>> npx.gelu(np.asarray([-1.0, 0.0, 2.0]))
    array([-0.15865525,  0.        ,  1.95449974])
    >>> npx.gelu(np.asarray([-1.0, 0.0, 2.0]), approximate=True)
    array([-0.15880801,  0.        ,  1.95459769])
    """
    if _is_approximate(approximate):
        inner = math.sqrt(2 / math.pi) * (x + 0.044715 * (x * x * x))
        return 0.5 * x * (1 + np.tanh(inner))
    return 0.5 * x * (1 + erf(x * math.sqrt(0.5)))


@composite(precision=FOLLOWS)
@in_float32
def hard_sigmoid(x: Any, /) -> Any:
    """min(max(x + 3, 0), 6) / 6 (Howard et al. 2019, arXiv:1905.02244).

    x: any shape, float; the result has its dtype.

    >>> from isthmus import np, npx
    >>> npx.hard_sigmoid(np.asarray([-4.0, 0.0, 1.5]))
    array([0.  , 0.5 , 0.75])
    """
    return relu6(x + 3) * (1 / 6)


@composite(precision=FOLLOWS)
@in_float32
def hard_swish(x: Any, /) -> Any:
    """x * min(max(x + 3, 0), 6) / 6 (Howard et al. 2019, arXiv:1905.02244).

    x: any shape, float; the result has its dtype.

    >>> from isthmus import np, npx
    >>> npx.hard_swish(np.asarray([-1.5, 1.5, 4.0]))
    array([-0.375,  1.125,  4.   ])
    """
    return x * hard_sigmoid(x)


@composite(settled=numbers("slope"), is_standard=with_numbers("slope"), precision=FOLLOWS)
@in_float32
def leaky_relu(x: Any, /, *, slope: float = 0.01) -> Any:
    """x above 0, slope * x below (Maas et al. 2013).

    x: any shape, float; the result has its dtype.

    >>> from isthmus import np, npx
    >>> npx.leaky_relu(np.asarray([-2.0, 3.0]), slope=0.1)
    array([-0.2,  3. ])
    """
    return np.where(x > 0, x, slope * x)


@composite(precision=FOLLOWS)
@in_float32
def mish(x: Any, /) -> Any:
    """x * tanh(log(1 + exp(x))) (Misra 2019, arXiv:1908.08681).

    x: any shape, float; the result has its dtype.

    >>> from isthmus import np, npx
    >>> npx.mish(np.asarray([-1.0, 0.0, 2.0]))
    array([-0.30340146,  0.        ,  1.94395896])
    """
    return x * np.tanh(np.logaddexp(x, 0))


@composite(precision=FOLLOWS)
def relu(x: Any, /) -> Any:
    """max(x, 0) (Nair and Hinton 2010). x: any shape; the result has its dtype.

    >>> from isthmus import np, npx
    >>> npx.relu(np.asarray([-2.0, 3.0]))
    array([0., 3.])
    """
    return np.maximum(x, 0)


@composite(precision=FOLLOWS)
def relu6(x: Any, /) -> Any:
    """min(max(x, 0), 6) (Krizhevsky 2010). x: any shape; the result has its dtype.

    >>> from isthmus import np, npx
    >>> npx.relu6(np.asarray([-2.0, 3.0, 8.0]))
    array([0., 3., 6.])
    """
    return np.minimum(np.maximum(x, 0), 6)


@composite(precision=FOLLOWS)
@in_float32
def sigmoid(x: Any, /) -> Any:
    """1 / (1 + exp(-x)), as (1 + tanh(x / 2)) / 2, which does not overflow.

    x: any shape, float; the result has its dtype. As ONNX's Sigmoid.

    >>> from isthmus import np, npx
    >>> npx.sigmoid(np.asarray([-1000.0, 0.0, 1.0]))
    array([0.        , 0.5       , 0.73105858])
    """
    return 0.5 * (1 + np.tanh(0.5 * x))


@composite(precision=FOLLOWS)
@in_float32
def silu(x: Any, /) -> Any:
    """x * sigmoid(x) (Elfwing et al. 2017, arXiv:1702.03118).

    x: any shape, float; the result has its dtype.

    >>> from isthmus import np, npx
    >>> npx.silu(np.asarray([-1.0, 0.0, 1.0]))
    array([-0.26894142,  0.        ,  0.73105858])
    """
    return x * sigmoid(x)
