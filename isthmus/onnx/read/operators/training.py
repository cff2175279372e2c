"""Steps of optimizers, as the preview of ONNX's training defines them: plain arithmetic."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from isthmus import np
from isthmus.errors import UsageError

from ..facts import Facts, Row, row

__all__ = ["ROWS"]


def of_each(step: Callable[..., tuple[Any, ...]], states: int) -> Row:
    """A row of (rate, count, *arrays, *gradients, *states), of any number of arrays: the step's
    results for each, all of one kind together."""

    def call(facts: Facts, rate: Any, count: Any, *operands: Any) -> list[Any]:
        kinds = 2 + states
        each, rest = divmod(len(operands), kinds)
        if rest or not each:
            raise UsageError(f"{len(operands)} arrays are not so many of {kinds} kinds each")
        columns = [operands[i::each] for i in range(each)]
        found = [step(facts, rate, count, *column) for column in columns]
        return [one[kind] for kind in range(1 + states) for one in found]

    return row(call)


def adagrad(facts: Facts, rate: Any, count: Any, x: Any, gradient: Any, h: Any) -> tuple[Any, ...]:
    """Duchi et al. 2011, with a rate that decays and a penalty of the squares."""
    rate = rate / (1 + np.astype(count, x.dtype) * facts.get("decay_factor", 0.0))
    g = _penalized(facts, x, gradient)
    h = h + g * g
    return x - rate * g / (np.sqrt(h) + facts.get("epsilon", 1e-6)), h


def adam(
    facts: Facts, rate: Any, count: Any, x: Any, gradient: Any, v: Any, h: Any
) -> tuple[Any, ...]:
    """Kingma and Ba 2014, arXiv:1412.6980."""
    alpha, beta = facts.get("alpha", 0.9), facts.get("beta", 0.999)
    g = _penalized(facts, x, gradient)
    v, h = alpha * v + (1 - alpha) * g, beta * h + (1 - beta) * g * g
    steps = np.astype(np.maximum(count, 1), x.dtype)
    adjusted = rate * np.sqrt(1 - np.power(beta, steps)) / (1 - np.power(alpha, steps))
    rate = np.where(count > 0, adjusted, rate)
    moved = x - rate * v / (np.sqrt(h) + facts.get("epsilon", 1e-6))
    return (1 - facts.get("norm_coefficient_post", 0.0)) * moved, v, h


def momentum(facts: Facts, rate: Any, count: Any, x: Any, gradient: Any, v: Any) -> tuple[Any, ...]:
    """Polyak's, or Nesterov's; the first step takes the whole gradient."""
    g = _penalized(facts, x, gradient)
    alpha = facts["alpha"]
    share = np.where(count > 0, np.asarray(facts["beta"], x.dtype), np.asarray(1, x.dtype))
    v = alpha * v + share * g
    return x - rate * (g + alpha * v if facts["mode"] == "nesterov" else v), v


def _penalized(facts: Facts, x: Any, gradient: Any) -> Any:
    return facts.get("norm_coefficient", 0.0) * x + gradient


DOMAIN = "ai.onnx.preview.training"
ROWS: dict[str, Row] = {
    f"{DOMAIN}.Adagrad": of_each(adagrad, states=1),
    f"{DOMAIN}.Adam": of_each(adam, states=2),
    f"{DOMAIN}.Momentum": of_each(momentum, states=1),
}
