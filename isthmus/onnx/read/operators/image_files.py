"""Image files among the operands of a graph."""

from __future__ import annotations

from typing import Any

from isthmus.npx.image_decoding import decode_image

from ..facts import Facts, Row, row

__all__ = ["ROWS"]


def decoded(facts: Facts, encoded: Any) -> Any:
    return decode_image(encoded, facts.get("pixel_format", "RGB"))


ROWS: dict[str, Row] = {"ImageDecoder": row(decoded)}
