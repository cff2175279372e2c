"""What is measured: models on real texts and photographs. A workload is a row of `WORKLOADS`."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import numpy

from isthmus import models
from isthmus.errors import UsageError
from isthmus.models import samples

Arrays = dict[str, numpy.ndarray[Any, Any]]


@dataclass(frozen=True)
class Workload:
    """A model, the size of its requests, and its weights ("sample", or random by a seed)."""

    name: str
    model: str
    batch: int = 1
    sequence: int | None = None
    weights: str | None = None

    def create(self) -> models.Model:
        """The model with its weights."""
        return models.create(self.model, weights=self.weights, seed=0)

    def inputs(self) -> Arrays:
        """Arrays of one call, from the passage of `texts.txt` or the sample photographs."""
        return _tokens(self) if self.sequence else _pixels(self)


WORKLOADS = (
    Workload("bert-base-128", "bert-base", sequence=128),
    Workload("resnet-50", "resnet-50"),
    Workload("mobilenet-v2", "mobilenet-v2", weights="sample"),
)


def find(names: list[str]) -> list[Workload]:
    """The workloads of the given names, all for none; UsageError for an unknown one."""
    known = {workload.name: workload for workload in WORKLOADS}
    for name in names:
        if name not in known:
            raise UsageError(f"no workload '{name}'; there are {', '.join(known)}")
    return [known[name] for name in names] or list(WORKLOADS)


def _tokens(workload: Workload) -> Arrays:
    """Windows of the passage, each filled to the whole sequence length."""
    from isthmus.models.text import Tokenizer

    assert workload.sequence is not None
    passage = files(__package__).joinpath("texts.txt").read_text(encoding="utf-8")
    words = passage.split()
    starts = [i * len(words) // (2 * workload.batch) for i in range(workload.batch)]
    texts = [" ".join(words[start:]) for start in starts]
    encoded = Tokenizer(samples.minilm()).encode(texts, max_length=workload.sequence)
    if encoded["input_ids"].shape[1] != workload.sequence:
        raise UsageError(f"{workload.name}: the passage is shorter than {workload.sequence} tokens")
    return {**encoded}


def _pixels(workload: Workload) -> Arrays:
    from isthmus.models.images import read_images

    photographs = samples.photographs()
    paths = [photographs[i % len(photographs)] for i in range(workload.batch)]
    return {"x": read_images(paths)}
