"""Arguments that several verbs take, and the model they ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from isthmus.errors import UsageError

if TYPE_CHECKING:
    from isthmus.models import Model

__all__ = [
    "AsJson",
    "ModelName",
    "ModelOrFile",
    "NamedSizes",
    "Seed",
    "Weights",
    "created",
    "weights_of",
]

ModelName = Annotated[
    str, typer.Argument(metavar="MODEL", help="A model's name; `isthmus models` lists them.")
]
Weights = Annotated[
    str | None,
    typer.Option(
        metavar="SOURCE",
        help="A file, a folder, hf://ORGANISATION/NAME, or random; default: the sample weights.",
    ),
]
ModelOrFile = Annotated[
    str,
    typer.Argument(
        metavar="MODEL",
        help="A model's name, of those that `isthmus models` lists, or a saved program's file.",
    ),
]
NamedSizes = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME=N", help="A named size of random input; repeat for several."),
]
Seed = Annotated[int, typer.Option(min=0, metavar="N", help="Seed of random weights.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for machines.")]


def created(name: str, weights: str | None, seed: int, **options: Any) -> Model:
    """The model with its weights; UsageError where none are given and none are a sample."""
    from isthmus import models

    source = weights_of(name, weights)
    return models.create(name, weights=None if source == "random" else source, seed=seed, **options)


def weights_of(name: str, weights: str | None) -> str:
    """What was asked for, or "sample" for a model that has such weights."""
    from isthmus import models

    if weights is not None:
        return weights
    if models.find(name).sample is None:
        choices = "--weights FILE, --weights hf://ORGANISATION/NAME or --weights random"
        raise UsageError(f"{name} has no sample weights; pass {choices}")
    return "sample"
