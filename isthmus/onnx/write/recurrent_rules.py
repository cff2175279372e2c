"""Rules of recurrent layers, which have ONNX's order of axes and gates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .builder import Site

__all__ = ["gru", "lstm", "quantized_lstm", "rnn"]

SINCE = 14


def lstm(site: Site, *operands: str) -> tuple[str, ...]:
    return _layer(site, "LSTM", operands, 3)


def gru(site: Site, *operands: str) -> tuple[str, ...]:
    after = int(site.attributes["linear_before_reset"])
    return _layer(site, "GRU", operands, 2, linear_before_reset=after)


def rnn(site: Site, *operands: str) -> tuple[str, ...]:
    return _layer(site, "RNN", operands, 2)


def quantized_lstm(site: Site, *operands: str) -> tuple[str, ...]:
    """ONNX Runtime's own."""
    hidden = int(site.operand_type(2).shape[1])
    found = site.build.ops(
        "DynamicQuantizeLSTM", operands, 3, domain="com.microsoft",
        hidden_size=hidden, direction=site.attributes["direction"],
    )  # fmt: skip
    return tuple(found)


def _layer(
    site: Site, kind: str, operands: tuple[str, ...], count: int, **more: Any
) -> tuple[str, ...]:
    given = list(operands)
    while not given[-1]:
        given.pop()
    hidden = int(site.operand_type(2).shape[2])
    found = site.build.ops(
        kind, given, count, since=SINCE,
        hidden_size=hidden, direction=site.attributes["direction"], **more,
    )  # fmt: skip
    return tuple(found)
