"""How far a candidate's outputs may be from the reference's."""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from isthmus.errors import UsageError

from .agreement import Figures

__all__ = ["Accuracy", "Metric", "checked_accuracy"]

Metric = Callable[[list[Any], list[Any]], float]


@dataclass(frozen=True)
class Accuracy:
    """What a setting has to keep of the reference's outputs, each None where it does not matter.

    cosine: the least, over the items of all samples' outputs, of a.b / (|a| |b|). top1: the share
    of rows whose largest element is at the same place. relative_error: the most that
    max |a - b| / max |b| of an output may be. metric: a function of two lists, the reference's
    results and the candidate's, one for each sample, those that settled int8 among them, nested as
    the program returns them; what it returns must be at least `floor`. Of integers and truth values
    the share of equal elements counts as cosine and as top1. A NaN or an infinity that the
    reference lacks always fails.
    Raises UsageError for numbers that are none of these, and where nothing is asked for.

    >>> import isthmus as im
    >>> im.Accuracy(top1=0.99)
    Accuracy(cosine=0.99, top1=0.99, relative_error=None, metric=None, floor=None)
    """

    cosine: float | None = 0.99
    top1: float | None = None
    relative_error: float | None = None
    metric: Metric | None = None
    floor: float | None = None

    def __post_init__(self) -> None:
        for name, (least, most) in RANGES.items():
            value = getattr(self, name)
            if value is not None and not (_is_number(value) and least <= value <= most):
                raise UsageError(f"accuracy: {name}={value!r}; give {_range(least, most)}, or None")
        if self.metric is not None and not callable(self.metric):
            raise UsageError(
                f"accuracy: metric={self.metric!r} is no function; give one of two lists"
            )
        if (self.metric is None) != (self.floor is None):
            lacking = "floor" if self.floor is None else "metric"
            raise UsageError(f"accuracy: metric and floor go together; give {lacking} as well")
        if all(getattr(self, name) is None for name in ("metric", *RANGES)):
            raise UsageError(
                "accuracy: nothing is asked for; give cosine, top1, relative_error or metric"
            )

    def misses(self, figures: Figures) -> str:
        """Why the figures are not enough; "" where they are."""
        if figures.spoilt:
            return f"{figures.spoilt} elements NaN or infinite where the reference's are not"
        for name in ("cosine", "top1", "metric"):
            least = self.floor if name == "metric" else getattr(self, name)
            found = getattr(figures, name)
            if least is not None and not (found is not None and found >= least):
                return f"{name} {_shown(found)} < {least:g}"
        most = self.relative_error
        if most is not None and not figures.relative_error <= most:
            return f"relative error {_shown(figures.relative_error)} > {most:g}"
        return ""

    def facts(self) -> dict[str, Any]:
        """What JSON holds of it: a metric by its name."""
        named = getattr(self.metric, "__qualname__", None) if self.metric else None
        return {**asdict(self), "metric": named or (repr(self.metric) if self.metric else None)}


RANGES: Mapping[str, tuple[float, float]] = {
    "cosine": (-1, 1),
    "top1": (0, 1),
    "relative_error": (0, math.inf),
    "floor": (-math.inf, math.inf),
}


def checked_accuracy(given: Accuracy | Mapping[str, Any] | None) -> Accuracy:
    """The accuracy that is asked for, also as a dict of its names; UsageError for other names."""
    if given is None:
        return Accuracy()
    if isinstance(given, Accuracy):
        return given
    if not isinstance(given, Mapping):
        raise UsageError(f"accuracy={given!r}; give isthmus.Accuracy(cosine=0.99), or such a dict")
    known = [field.name for field in fields(Accuracy)]
    for name in given:
        if name not in known:
            near = difflib.get_close_matches(str(name), known, n=1)
            hint = f"the nearest is '{near[0]}'" if near else f"there are {', '.join(known)}"
            raise UsageError(f"accuracy has no figure {name!r}; {hint}")
    return Accuracy(**given)


def _is_number(value: object) -> bool:
    whole = isinstance(value, int | float) and not isinstance(value, bool)
    return whole and not math.isnan(value)  # type: ignore[arg-type]


def _range(least: float, most: float) -> str:
    if math.isinf(least):
        return "a number"
    return f"a number from {least:g}" + ("" if math.isinf(most) else f" to {most:g}")


def _shown(figure: float | None) -> str:
    """Enough digits to see on which side of a bound it is."""
    return "of nothing that can be ranked" if figure is None else f"{figure:.6g}"
