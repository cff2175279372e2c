"""How the photographs of a model are made numbers: sizes, colours, and the filter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

__all__ = ["MEAN", "STANDARD_DEVIATION", "USUAL", "Colours", "Filter", "Pixels"]

Colours = tuple[float, float, float]
Filter = Literal["bilinear", "bicubic"]

# ImageNet's, of red, green and blue
MEAN = (0.485, 0.456, 0.406)
STANDARD_DEVIATION = (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class Pixels:
    """side: pixels of the square that a model takes; resize: of the short side before the crop."""

    side: int = 224
    resize: int = 256
    mean: Colours = MEAN
    deviation: Colours = STANDARD_DEVIATION
    filter: Filter = "bilinear"

    def options(self) -> dict[str, Any]:
        """As `read_images` calls them."""
        return {
            "resize": self.resize,
            "crop": self.side,
            "mean": self.mean,
            "deviation": self.deviation,
            "filter": self.filter,
        }


USUAL = Pixels()
