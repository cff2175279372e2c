"""OpenVINO Model Server's `config.json`: which models a folder has, and how each is run."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from isthmus.errors import FileError
from isthmus.program.options import LOW, Options

from .capacity import Capacity
from .settings import Settings

__all__ = ["CONFIG", "entry_of", "known_entry", "read_config", "with_entry"]

CONFIG = "config.json"
MODELS = "model_config_list"


def entry_of(
    name: str, capacity: Capacity, settings: Settings, options: Options, processors: int
) -> dict[str, Any]:
    """The `config` of one model. processors: of the machine; threads are bound to them only where
    the model has all, else two servers would share some while others are idle."""
    pinned = capacity.threads >= processors
    return {
        "name": name,
        "base_path": name,
        "nireq": capacity.instances,
        "target_device": "CPU",
        "plugin_config": {
            "NUM_STREAMS": str(capacity.instances),
            "INFERENCE_NUM_THREADS": str(capacity.threads),
            "INFERENCE_PRECISION_HINT": _hint(options),
            # Else weights in integers have arrays rounded to integers as well.
            "DYNAMIC_QUANTIZATION_GROUP_SIZE": "0",
            "ENABLE_CPU_PINNING": pinned,
        },
        "model_version_policy": {"latest": {"num_versions": settings.served_versions}},
    }


def _hint(options: Options) -> str:
    """Always told: its own default on a processor with AVX512_BF16 is bf16, silently.

    What is in half precision by operator or in f16, which few processors have, the file says.
    """
    if options.precision not in LOW:
        return "f32"
    return "bf16" if options.precision == "bf16" and not options.overrides else "dynamic"


def read_config(folder: Path) -> dict[str, Any]:
    """The file as it is; FileError for one that is no such file."""
    path = folder / CONFIG
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {MODELS: []}
    except (OSError, ValueError) as problem:
        raise FileError(f"{path}: cannot be read ({problem}); mend or remove it") from None
    models = document.get(MODELS, []) if isinstance(document, dict) else None
    if not isinstance(models, list) or not all(map(_is_entry, models)):
        raise FileError(f"{path}: has no list '{MODELS}' of models; mend or remove it")
    return {**document, MODELS: models}


def known_entry(document: Mapping[str, Any], name: str) -> dict[str, Any] | None:
    """What the file says of a model."""
    return next((each["config"] for each in document[MODELS] if _name(each) == name), None)


def with_entry(document: Mapping[str, Any], entry: Mapping[str, Any]) -> dict[str, Any]:
    """The file with this model in place of what it said of it, or last."""
    new = {"config": dict(entry)}
    models = [new if _name(each) == entry["name"] else each for each in document[MODELS]]
    return {**document, MODELS: models if new in models else [*models, new]}


def _is_entry(each: Any) -> bool:
    return isinstance(each, dict) and isinstance(each.get("config"), dict)


def _name(each: Mapping[str, Any]) -> Any:
    return each["config"].get("name")
