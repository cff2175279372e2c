"""The activations that recurrent layers of ONNX may have, by ONNX's names in any case."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from isthmus import np
from isthmus.errors import UsageError

from .activation import elu, leaky_relu, relu, sigmoid

__all__ = ["Function", "function_of", "functions_of", "is_usual"]

Function = Callable[[Any], Any]


def _affine(x: Any, alpha: float, beta: float) -> Any:
    return x * alpha + beta


def _hard_sigmoid(x: Any, alpha: float = 0.2, beta: float = 0.5) -> Any:
    return np.clip(x * alpha + beta, 0, 1)


def _scaled_tanh(x: Any, alpha: float, beta: float) -> Any:
    return np.tanh(x * beta) * alpha


def _softplus(x: Any) -> Any:
    return np.logaddexp(x, 0)


def _softsign(x: Any) -> Any:
    return x / (1 + np.abs(x))


def _thresholded_relu(x: Any, alpha: float = 1.0) -> Any:
    return np.where(x >= alpha, x, 0)


def _elu(x: Any, alpha: float = 1.0) -> Any:
    return elu(x, alpha=alpha)


def _leaky_relu(x: Any, alpha: float = 0.01) -> Any:
    return leaky_relu(x, slope=alpha)


# The function, and between how many and how many numbers it takes.
ACTIVATIONS: Mapping[str, tuple[Callable[..., Any], int, int]] = {
    "affine": (_affine, 2, 2),
    "elu": (_elu, 0, 1),
    "hardsigmoid": (_hard_sigmoid, 0, 2),
    "leakyrelu": (_leaky_relu, 0, 1),
    "relu": (relu, 0, 0),
    "scaledtanh": (_scaled_tanh, 2, 2),
    "sigmoid": (sigmoid, 0, 0),
    "softplus": (_softplus, 0, 0),
    "softsign": (_softsign, 0, 0),
    "tanh": (np.tanh, 0, 0),
    "thresholdedrelu": (_thresholded_relu, 0, 1),
}


def function_of(activation: Any) -> Function:
    """The function of "Tanh", or of a name and numbers, as ("LeakyRelu", 0.1)."""
    name, *given = (activation,) if isinstance(activation, str) else activation
    if not isinstance(name, str) or name.lower() not in ACTIVATIONS:
        known = ", ".join(ACTIVATIONS)
        raise UsageError(f"activation {activation!r}; give one of {known}, in any case")
    function, least, most = ACTIVATIONS[name.lower()]
    if not least <= len(given) <= most:
        raise UsageError(f"activation {activation!r}: it takes {least} to {most} numbers")
    return partial(_called, function, tuple(given)) if given else function


def _called(function: Callable[..., Any], given: tuple[float, ...], x: Any) -> Any:
    return function(x, *given)


def functions_of(
    activations: Sequence[Any] | None, usual: tuple[str, ...], directions: int
) -> list[list[Function]]:
    """The functions of each direction; UsageError unless there is one for each place."""
    given = usual * directions if activations is None else tuple(activations)
    if len(given) != len(usual) * directions:
        raise UsageError(
            f"activations={activations!r}: give {len(usual)} for each of {directions} directions"
        )
    found = [function_of(activation) for activation in given]
    return [found[i : i + len(usual)] for i in range(0, len(found), len(usual))]


def is_usual(activations: Sequence[Any] | None, usual: tuple[str, ...]) -> bool:
    """Whether the activations are the usual ones, in each direction."""
    if activations is None:
        return True
    names = tuple(a.lower() if isinstance(a, str) else a for a in activations)
    return len(names) > 0 and names == usual * (len(names) // len(usual))
