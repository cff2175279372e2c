"""Recurrent layers: `npx.lstm`, `npx.gru` and `npx.rnn`, in either layout."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from isthmus import np, npx
from isthmus.errors import UsageError
from isthmus.graph.dims import Dim
from isthmus.npx.quantized_recurrent import quantized_lstm as npx_quantized_lstm

from ..facts import Facts, Row, row

__all__ = ["ROWS"]

# How many numbers an activation takes, of `activation_alpha` and of `activation_beta`.
ALPHAS = {"affine", "elu", "hardsigmoid", "leakyrelu", "scaledtanh", "thresholdedrelu"}
BETAS = {"affine", "hardsigmoid", "scaledtanh"}


def lstm(
    facts: Facts,
    x: Any,
    w: Any,
    r: Any,
    b: Any = None,
    lengths: Any = None,
    h: Any = None,
    c: Any = None,
    p: Any = None,
) -> list[Any]:
    forget = bool(facts.get("input_forget", 0))
    operands = (w, r, b, lengths, _states(facts, h), _states(facts, c), p)
    return _layer(facts, npx.lstm, x, operands, input_forget=forget)


def quantized_lstm(
    facts: Facts,
    x: Any,
    w: Any,
    r: Any,
    b: Any,
    lengths: Any,
    h: Any,
    c: Any,
    p: Any,
    *scales: Any,
) -> list[Any]:
    """The LSTM of ONNX Runtime with weights of eight bits, w: [D, I, 4H], r: [D, H, 4H].

    x is rounded to eight bits by the range of all of it, and h by its own at each step.
    """
    if isinstance(x.shape[1], Dim) or x.shape[1] != 1:
        raise UsageError(
            f"{x.shape[1]} sequences at once; which of them are rounded together depends on "
            "ONNX Runtime's threads; give one"
        )
    return list(
        npx_quantized_lstm(
            x, w, r, b, lengths, h, c, p, *scales, direction=_direction(facts),
            activations=_activations(facts), clip=_clip(facts),
            input_forget=bool(facts.get("input_forget", 0)),
        )
    )  # fmt: skip


def gru(
    facts: Facts, x: Any, w: Any, r: Any, b: Any = None, lengths: Any = None, h: Any = None
) -> list[Any]:
    after = bool(facts.get("linear_before_reset", 0))
    operands = (w, r, b, lengths, _states(facts, h))
    return _layer(facts, npx.gru, x, operands, linear_before_reset=after)


def rnn(
    facts: Facts, x: Any, w: Any, r: Any, b: Any = None, lengths: Any = None, h: Any = None
) -> list[Any]:
    return _layer(facts, npx.rnn, x, (w, r, b, lengths, _states(facts, h)))


def _layer(
    facts: Facts, operator: Callable[..., Any], x: Any, operands: Sequence[Any], **more: Any
) -> list[Any]:
    if "output_sequence" in facts.attributes and not facts["output_sequence"] and facts.gives(0):
        raise UsageError("output_sequence=0 of a node whose sequence is read")
    hidden = facts.get("hidden_size")
    if hidden is not None and operands[1].shape[-1] != hidden:
        raise UsageError(f"hidden_size={hidden} of weights for {operands[1].shape[-1]}")
    y, *last = operator(
        x if not facts.get("layout", 0) else np.swapaxes(x, 0, 1),
        *operands,
        direction=_direction(facts),
        activations=_activations(facts),
        clip=_clip(facts),
        **more,
    )
    if not facts.get("layout", 0):
        return [y, *last]
    return [np.permute_dims(y, (2, 0, 1, 3)), *(np.swapaxes(state, 0, 1) for state in last)]


def _clip(facts: Facts) -> float | None:
    clip = facts.get("clip")
    if clip is not None and not clip > 0:
        raise UsageError(f"clip={clip}; give a number above 0")
    return None if clip is None else float(clip)


def _direction(facts: Facts) -> str:
    return str(facts.get("direction", "forward")).lower()


def _states(facts: Facts, given: Any) -> Any:
    """First states as [D, N, H]."""
    return given if given is None or not facts.get("layout", 0) else np.swapaxes(given, 0, 1)


def _activations(facts: Facts) -> list[Any] | None:
    """The names, with their numbers, which are listed for those alone that take some."""
    names = facts.get("activations")
    alphas, betas = (list(facts.get(f"activation_{key}", ())) for key in ("alpha", "beta"))
    if not names:
        if alphas or betas:
            raise UsageError("activation_alpha or activation_beta without activations")
        return None
    found = [_activation(str(name).lower(), alphas, betas) for name in names]
    if alphas or betas:
        raise UsageError(f"activations {', '.join(names)} do not take so many alpha and beta")
    return found


def _activation(name: str, alphas: list[float], betas: list[float]) -> Any:
    alpha = alphas.pop(0) if name in ALPHAS and alphas else None
    beta = betas.pop(0) if name in BETAS and betas else None
    if beta is not None and alpha is None:
        raise UsageError(f"activation {name} with a beta and no alpha")
    given = tuple(number for number in (alpha, beta) if number is not None)
    return (name, *given) if given else name


ROWS: dict[str, Row] = {
    "GRU": row(gru),
    "LSTM": row(lstm),
    "RNN": row(rnn),
    "com.microsoft.DynamicQuantizeLSTM": row(quantized_lstm),
}
