"""What is measured: a model, a batch, and for texts a sequence. A workload is its name.

MODEL[-SEQUENCE|-texts][-bBATCH]: "bert-base-128", "bert-base-texts", "resnet-50-b8". The tables
below list those of the usual runs; `find` makes any other of the catalogue's models as well.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from typing import Literal

from isthmus import models
from isthmus.errors import UsageError
from isthmus.models.catalog import IMAGE, SQUARE

from . import input_sets
from .input_sets import Arrays
from .judged_by import JudgedBy, Kind, Weights
from .sources import FunctionSource

__all__ = ["FULL", "QUICK", "WORKLOADS", "Workload", "find"]

Sequence = int | Literal["texts"] | None

QUICK = ("bert-base-128", "resnet-50", "mobilenet-v2")
FULL = (
    *("bert-base-16", "bert-base-32", "bert-base-64", "bert-base-128", "bert-base-256"),
    *("bert-base-512", "bert-base-texts", "bert-large-128", "minilm-l6-128"),
    *("resnet-18", "resnet-50", "resnet-152"),
    *("mobilenet-v1", "mobilenet-v2", "mobilenet-v3-large"),
    *("minilm-l6-128-b8", "resnet-50-b8", "mobilenet-v2-b8"),
)

IMAGES = (IMAGE, SQUARE)
POSITIONS = 512  # of every BERT in the catalogue
SETS, SETS_OF_LARGE, LARGE_BATCH = 8, 4, 16
CALIBRATED, TUNED = 32, 160  # items
CROPS = 128  # of which one that disagrees is under 1 %
CALIBRATION_CROPS, JUDGED_CROPS = 2_000, 4_000  # the first of those, beyond any that are timed


@dataclass(frozen=True)
class Workload:
    """A model, the size of its requests, and its weights ("sample", or random by a seed)."""

    name: str
    model: str
    batch: int = 1
    sequence: Sequence = None
    weights: str | None = None

    def create(self) -> models.Model:
        """The model with its weights."""
        return models.create(self.model, weights=self.weights, seed=0)

    def source(self) -> FunctionSource:
        """The model and the types of its inputs: of the workload's sizes; of texts `seq` is any."""
        model = self.create()
        sizes = {"seq": self.sequence} if isinstance(self.sequence, int) else {}
        specs = model.specs(batch=self.batch, **sizes)
        return FunctionSource(model, specs, model.specs(), "x" in model.specs())

    def inputs(self) -> Arrays:
        """Arrays of one call: the first of `input_sets`."""
        return self.input_sets()[0]

    def input_sets(self) -> list[Arrays]:
        """Arrays of several calls, all different, so that no cache is measured."""
        count = SETS if self.batch < LARGE_BATCH else SETS_OF_LARGE
        if self.sequence == "texts":
            return self._taken(input_sets.texts(self.batch))
        if self.sequence is not None:
            return self._taken(input_sets.windows(self.sequence, self.batch, count))
        return self._crops(count)

    def calibration_sets(self) -> list[Arrays]:
        """Arrays that int8 is calibrated by: none of those that are timed or judged."""
        count = -(-CALIBRATED // self.batch)
        if self.sequence == "texts":
            return self._taken(input_sets.texts(self.batch, between=True))
        if self.sequence is not None:
            sets = input_sets.windows(self.sequence, self.batch, count, between=True)
            return self._taken(sets)
        return self._crops(count, first=CALIBRATION_CROPS)

    def _crops(self, count: int, first: int = 0) -> list[Arrays]:
        pixels = models.find(self.model).pixels
        return input_sets.crops(self.batch, count, first, pixels)

    def _taken(self, sets: list[Arrays]) -> list[Arrays]:
        """The arrays that the model takes: some have no token types."""
        names = models.find(self.model).kind.specs()
        return [{name: array for name, array in each.items() if name in names} for each in sets]

    def tuning_sets(self) -> list[Arrays]:
        """Arrays that `isthmus tune` settles and judges by: of images as many as a share of their
        labels needs. Quantizers calibrate on a part of them."""
        if models.find(self.model).kind not in IMAGES:
            return self.calibration_sets()
        return self._crops(-(-TUNED // self.batch), first=CALIBRATION_CROPS)

    def judged_by(self) -> JudgedBy:
        """What the accuracy of a lower precision is judged by."""
        entry = models.find(self.model)
        weights: Weights = "published" if self.weights else "random"
        if entry.kind in IMAGES:
            sets = self._crops(-(-CROPS // self.batch), first=JUDGED_CROPS)
            return JudgedBy(sets, CROPS, "classes", weights, "crops of two photographs")
        length = self.sequence if isinstance(self.sequence, int) else None
        sets = self._taken(input_sets.every_text(length, self.batch))
        count = len(input_sets.every_text())
        kind: Kind = "similarities" if entry.task == "embedding" and self.weights else "outputs"
        return JudgedBy(sets, count, kind, weights, "sentences and paragraphs")


def find(names: list[str]) -> list[Workload]:
    """The workloads of the given names, the quick ones for none; UsageError for an unknown one."""
    return [composed(name) for name in names or QUICK]


def composed(name: str) -> Workload:
    """The workload that a name spells; UsageError says what is wrong with it, or the nearest."""
    for model in sorted(models.CATALOG, key=len, reverse=True):
        rest = re.fullmatch(rf"{model}(?:-([1-9]\d*|texts))?(?:-b([1-9]\d*))?", name)
        if rest:
            return _checked(name, model, rest[1], int(rest[2] or 1))
    near = difflib.get_close_matches(name, [*FULL, *models.CATALOG], n=1)
    known = f"the nearest is '{near[0]}'" if near else f"there are {', '.join(QUICK)}, ..."
    raise UsageError(f"no workload '{name}'; {known}; names are MODEL[-SEQUENCE|-texts][-bBATCH]")


def _checked(name: str, model: str, length: str | None, batch: int) -> Workload:
    entry = models.find(model)
    is_text = entry.kind not in IMAGES
    if is_text and length is None:
        raise UsageError(f"workload '{name}' has no sequence; give one such as '{model}-128'")
    if not is_text and length is not None:
        raise UsageError(f"workload '{name}': images have no sequence; give '{model}'")
    if length == "texts" and batch > 1:
        raise UsageError(f"workload '{name}': texts differ in length; give '{model}-texts'")
    sequence: Sequence = "texts" if length == "texts" else int(length) if length else None
    if isinstance(sequence, int) and not 3 <= sequence <= POSITIONS:
        raise UsageError(f"workload '{name}': a sequence of {sequence}; give 3 to {POSITIONS}")
    plain = name if name == model else name.removesuffix("-b1")  # efficientnet-b1 is a model
    return Workload(plain, model, batch, sequence, "sample" if entry.sample else None)


WORKLOADS = tuple(composed(name) for name in dict.fromkeys((*QUICK, *FULL)))
