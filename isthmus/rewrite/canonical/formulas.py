"""The formulas that are recognised, and what each is given to: rows of functions of `np` and `npx`.

An argument is what stands for any array of float32, `epsilon` for any number; numbers are matched
as such; axis -1 is any one axis, where the target takes an `axis`, else the last. A sum or a
product needs one row, in whichever order, with whichever of division, reciprocal, root and power
it is written (`views`).
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import numpy

from isthmus import np, npx
from isthmus.graph.dims import Dim
from isthmus.graph.operator import Operator
from isthmus.npx.softmax import softmax_by_line, weighted_by_softmax

__all__ = ["ROWS", "Formula", "Row", "parameters"]

Formula = Callable[..., Any]

# Inner functions, each in all the ways it is written.


def _mean(x: Any) -> Any:
    return np.mean(x, axis=-1, keepdims=True)


def _sum(x: Any) -> Any:
    return np.sum(x, axis=-1, keepdims=True)


def _shifted(x: Any) -> Any:
    return x - np.max(x, axis=-1, keepdims=True)


def _softmax(x: Any) -> Any:
    powers = np.exp(_shifted(x))
    return powers / _sum(powers)


def _overflowing_softmax(x: Any) -> Any:
    powers = np.exp(x)
    return powers / _sum(powers)


def _clipped(low: float, high: float) -> tuple[Formula, ...]:
    return (
        lambda x: np.minimum(np.maximum(x, low), high),
        lambda x: np.maximum(np.minimum(x, high), low),
        *((lambda x: np.minimum(npx.relu(x), high),) if low == 0 else ()),
    )


CLIPPED_TO_6 = _clipped(0, 6)
CLIPPED_TO_1 = _clipped(0, 1)
HARD_SIGMOIDS: tuple[Formula, ...] = (
    *(lambda x, clipped=clipped: clipped(x + 3) / 6 for clipped in (*CLIPPED_TO_6, npx.relu6)),
    *(lambda x, clipped=clipped: clipped(x / 6 + 0.5) for clipped in CLIPPED_TO_1),
)
SIGMOIDS: tuple[Formula, ...] = (
    lambda x: 1 / (1 + np.exp(-x)),
    lambda x: 0.5 * (1 + np.tanh(0.5 * x)),
    lambda x: 0.5 + 0.5 * np.tanh(0.5 * x),
)
SOFTPLUSES: tuple[Formula, ...] = (
    lambda x: np.log(1 + np.exp(x)),
    lambda x: np.log1p(np.exp(x)),
    lambda x: np.logaddexp(x, 0),
)
VARIANCES: tuple[Formula, ...] = (  # less exact than the kernel's where E[x*x] is far larger
    lambda x, centred: _mean(centred * centred),
    lambda x, centred: _mean(x * x) - _mean(x) ** 2,
)

ROOT_2_OVER_PI = math.sqrt(2 / math.pi)
TANHS: tuple[Formula, ...] = (
    lambda x: ROOT_2_OVER_PI * (x + 0.044715 * x**3),
    lambda x: ROOT_2_OVER_PI * x * (1 + 0.044715 * x * x),
    lambda x: ROOT_2_OVER_PI * x + (0.044715 * ROOT_2_OVER_PI) * x**3,
)


def _weighed(function: Formula, inner: Formula) -> tuple[Formula, ...]:
    """x times half of one more than the function."""
    return (
        lambda x: 0.5 * x * (1 + function(inner(x))),
        lambda x: x * (0.5 + 0.5 * function(inner(x))),
    )


def _normalized(variance: Formula) -> Formula:
    def formula(x: Any, epsilon: Any) -> Any:
        centred = x - _mean(x)
        return centred / np.sqrt(variance(x, centred) + epsilon)

    return formula


NORMALIZED = tuple(map(_normalized, VARIANCES))


def _root_mean_square(x: Any, epsilon: Any) -> Any:
    return x / np.sqrt(_mean(x * x) + epsilon)


def _ones(x: Any) -> Any:
    return numpy.ones(_width(x), numpy.float32)


def _zeros(x: Any) -> Any:
    return numpy.zeros(_width(x), numpy.float32)


def _width(x: Any) -> int:
    """Of the last axis; TypeError where only a call tells, so that no constant can be made."""
    if isinstance(x.shape[-1], Dim):
        raise TypeError("a named size")
    return int(x.shape[-1])


def _vector(x: Any) -> Any:
    """A constant [1, ..., C] as [C]."""
    return np.reshape(x, x.shape[-1:]) if x.ndim > 1 and x.size == x.shape[-1] else x


@cache
def parameters(function: Formula) -> tuple[str, ...]:
    """The names of what a formula or target is given."""
    found = inspect.signature(getattr(function, "body", function)).parameters
    return tuple(name for name, p in found.items() if p.default is p.empty)


class Row(NamedTuple):
    """Formulas, and what computes them: the first of `targets` that the backend takes.

    having: of each of these, whatever way a formula is written in has one operator, so that it need
    not be traced for programs without. No targets: it stays as it is. differs: where NumPy
    overflows in the formula, but not in what the target means. Such a row is for numerics="fast".
    """

    having: tuple[tuple[Operator, ...], ...]
    targets: tuple[Formula, ...]
    formulas: tuple[Formula, ...]
    differs: bool = False


BOUNDED = (np.minimum, npx.relu6, npx.hard_sigmoid)
LOGARITHMS = (np.log, np.log1p, np.logaddexp)
PRODUCTS = (np.divide, np.multiply)  # of two arrays, or of one and a number
RECTIFIED = (np.maximum, npx.relu)
ROOTS = (np.pow, np.sqrt)

ROWS: tuple[Row, ...] = (
    # Before their parts, which are formulas too.
    Row(
        ((np.exp,), PRODUCTS),
        (lambda x, v: weighted_by_softmax(x, v),),
        (lambda x, v: np.matmul(_softmax(x), v),),
    ),
    Row(
        ((np.exp,), PRODUCTS),
        (
            lambda x, axis: npx.softmax(x, axis=axis),
            lambda x, axis: softmax_by_line(x, axis=axis),
        ),
        (_softmax,),
    ),
    Row(
        ((np.exp,), PRODUCTS),
        (lambda x, axis: npx.softmax(x, axis=axis),),
        (_overflowing_softmax,),
        differs=True,
    ),
    Row(
        ((np.exp,), (np.log,)),
        (lambda x, axis: npx.log_softmax(x, axis=axis),),
        (
            lambda x: (s := _shifted(x)) - np.log(_sum(np.exp(s))),
            lambda x: _shifted(x) - np.log(_sum(np.exp(_shifted(x)))),
        ),
    ),
    Row(
        ((np.log,),),
        (lambda x, axis: npx.log_softmax(x, axis=axis),),
        (
            lambda x: np.log(_softmax(x)),
            lambda x: np.log(npx.softmax(x)),
            lambda x: x - np.log(_sum(np.exp(x))),
        ),
        differs=True,
    ),
    # Kernels make 0 of what is below the least normal float, whose logarithm NumPy knows.
    Row(((np.exp,), (np.log,), PRODUCTS), (), (lambda x: np.log(_softmax(x)),)),
    Row(
        (ROOTS, PRODUCTS),
        (
            lambda x, gamma, beta, epsilon: npx.layer_norm(
                x, _vector(gamma), _vector(beta), epsilon=epsilon
            ),
        ),
        tuple(
            lambda x, gamma, beta, epsilon, n=n: n(x, epsilon) * gamma + beta for n in NORMALIZED
        ),
    ),
    Row(
        (ROOTS, PRODUCTS),
        (lambda x, gamma, epsilon: npx.layer_norm(x, _vector(gamma), _zeros(x), epsilon=epsilon),),
        tuple(lambda x, gamma, epsilon, n=n: n(x, epsilon) * gamma for n in NORMALIZED),
    ),
    Row(
        (ROOTS, PRODUCTS),
        (lambda x, epsilon: npx.layer_norm(x, _ones(x), _zeros(x), epsilon=epsilon),),
        NORMALIZED,
    ),
    Row(
        (ROOTS, PRODUCTS),
        (lambda x, gamma, epsilon: npx.rms_norm(x, _vector(gamma), epsilon=epsilon),),
        (lambda x, gamma, epsilon: _root_mean_square(x, epsilon) * gamma,),
    ),
    Row(
        (ROOTS, PRODUCTS),
        (lambda x, epsilon: npx.rms_norm(x, _ones(x), epsilon=epsilon),),
        (_root_mean_square,),
    ),
    Row(((npx.erf,), PRODUCTS), (npx.gelu,), _weighed(npx.erf, lambda x: x * math.sqrt(0.5))),
    Row(
        ((np.tanh, np.exp, npx.sigmoid), PRODUCTS),
        (lambda x: npx.gelu(x, approximate=True),),
        (
            *(formula for inner in TANHS for formula in _weighed(np.tanh, inner)),
            *(
                lambda x, s=s, inner=inner: x * s(2 * inner(x))
                for inner in TANHS[1:2]
                for s in (npx.sigmoid, SIGMOIDS[0])
            ),
        ),
    ),
    Row(
        ((np.tanh,), LOGARITHMS, PRODUCTS),
        (npx.mish,),
        tuple(lambda x, s=s: x * np.tanh(s(x)) for s in SOFTPLUSES),
    ),
    Row(
        (BOUNDED, PRODUCTS),
        (npx.hard_swish,),
        tuple(lambda x, s=s: x * s(x) for s in (*HARD_SIGMOIDS, npx.hard_sigmoid)),
    ),
    Row((BOUNDED, PRODUCTS), (npx.hard_sigmoid,), HARD_SIGMOIDS),
    Row(
        ((np.exp, np.tanh, npx.sigmoid), PRODUCTS),
        (npx.silu,),
        tuple(lambda x, s=s: x * s(x) for s in (*SIGMOIDS, npx.sigmoid)),
    ),
    Row(((np.exp, np.tanh),), (npx.sigmoid,), SIGMOIDS),
    Row(((np.minimum,), RECTIFIED), (npx.relu6,), CLIPPED_TO_6),
    Row(((np.maximum,),), (npx.relu,), (lambda x: np.maximum(x, 0),)),
)
