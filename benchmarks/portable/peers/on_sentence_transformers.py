"""What a person installs for sentence embeddings today: sentence-transformers on OpenVINO.

Its own forward pass, on token numbers as every variant gets them: the transformer by optimum-intel
as OpenVINO runs it by itself, pooling and normalization by torch. Tokenizing is not timed.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ..timing.precision import with_precision
from ..timing.timing import Call
from .openvino_precision import products


def load(folder: Path, options: Mapping[str, Any], threads: int) -> Any:
    """The exported folder, compiled as sentence-transformers does."""
    import torch
    from sentence_transformers import SentenceTransformer  # type: ignore[import-not-found]

    torch.set_num_threads(threads)
    return SentenceTransformer(
        str(folder / options["file"]),
        backend="openvino",
        device="cpu",
        local_files_only=True,
        model_kwargs={"ov_config": {"INFERENCE_NUM_THREADS": threads}},
    )


def compile(loaded: Any, options: Mapping[str, Any], threads: int) -> Call:
    """Token numbers to embeddings."""
    import torch

    def call(arrays: Any) -> list[Any]:
        features = {name: torch.from_numpy(array).long() for name, array in arrays.items()}
        with torch.inference_mode():
            return [loaded(features)["sentence_embedding"].numpy()]

    return with_precision(call, lambda: products(loaded[0].auto_model.request))


def runtime() -> str:
    """The packages and their versions."""
    names = ("sentence-transformers", "optimum-intel", "openvino")
    return ", ".join(f"{name} {version(name)}" for name in names)
