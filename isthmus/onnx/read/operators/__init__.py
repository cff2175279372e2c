"""ONNX operators -> functions of `isthmus.np` and `npx`: one table a chapter.

Named as in https://onnx.ai/onnx/operators; those of other domains with theirs before, as
"ai.onnx.ml.Scaler". A row takes what any version of the standard gives it: axes that were
attributes and are operands now, for example, are read in either place.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..facts import Row
from . import (
    activation,
    arithmetic,
    attention,
    columns,
    contributed,
    contributed_attention,
    contributed_integers,
    contributed_norms,
    convolutions,
    creation,
    encoders,
    image_files,
    images,
    integers,
    linear_models,
    lookups,
    losses,
    movement,
    ngrams,
    normalization,
    order,
    pooling,
    random,
    recurrent,
    reductions,
    regions,
    scatter,
    sequences,
    signal,
    texts,
    training,
    trees,
    units,
    vector_machines,
)

__all__ = ["ROWS"]

CHAPTERS = (
    activation,
    arithmetic,
    attention,
    columns,
    contributed,
    contributed_attention,
    contributed_integers,
    contributed_norms,
    convolutions,
    creation,
    encoders,
    image_files,
    images,
    integers,
    linear_models,
    lookups,
    losses,
    movement,
    ngrams,
    normalization,
    order,
    pooling,
    random,
    recurrent,
    reductions,
    regions,
    scatter,
    sequences,
    signal,
    texts,
    training,
    trees,
    units,
    vector_machines,
)
ROWS: Mapping[str, Row] = {name: row for chapter in CHAPTERS for name, row in chapter.ROWS.items()}
