"""An InferenceService of KServe that runs Triton on the folder: https://kserve.github.io."""

from __future__ import annotations

import json
from typing import Any

from .capacity import Capacity
from .model_names import kubernetes_name
from .settings import Settings

__all__ = ["PLACE", "manifest", "yaml_text"]

PLACE = "pvc://models/repository"  # to be replaced, where no other is given
HEAD = """\
# kubectl apply -f {file}
# storageUri is where the whole folder is, that with config.json.{missing}
"""
MISSING = "\n# Replace it: no --storage-uri was given."


def manifest(name: str, capacity: Capacity, settings: Settings) -> dict[str, Any]:
    """The object; processors are those of the model's threads, requested and not limited."""
    resources: dict[str, Any] = {"requests": {"cpu": str(capacity.threads)}}
    if settings.device == "cuda":
        resources["limits"] = {"nvidia.com/gpu": "1"}
    return {
        "apiVersion": "serving.kserve.io/v1beta1",
        "kind": "InferenceService",
        "metadata": {"name": kubernetes_name(name)},
        "spec": {
            "predictor": {
                "model": {
                    "modelFormat": {"name": "triton", "version": "2"},
                    "protocolVersion": "v2",
                    "runtime": "kserve-tritonserver",
                    "storageUri": settings.storage_uri or PLACE,
                    "resources": resources,
                }
            }
        },
    }


def yaml_text(file: str, document: dict[str, Any], settings: Settings) -> str:
    """The object as YAML, under what to do with it."""
    head = HEAD.format(file=file, missing=MISSING if settings.storage_uri is None else "")
    return head + "".join(f"{line}\n" for line in _lines(document, ""))


def _lines(document: dict[str, Any], margin: str) -> list[str]:
    found = []
    for key, value in document.items():
        if isinstance(value, dict):
            found += [f"{margin}{key}:", *_lines(value, f"{margin}  ")]
        else:  # a string of JSON is one of YAML
            found.append(f"{margin}{key}: {json.dumps(value, ensure_ascii=False)}")
    return found
