"""The keys that OpenVINO Model Server knows in `config.json`, as a JSON schema that takes no other.

As in its own schema (src/schema.cpp of August 2026), for models alone.
"""

from __future__ import annotations

from typing import Any

__all__ = ["SCHEMA"]


def record(required: list[str], **properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "required": required,
        "properties": properties,
        "additionalProperties": False,
    }


TEXT, COUNT = {"type": "string"}, {"type": "integer", "minimum": 0}
PLACE = {"oneOf": [TEXT, {"type": "object", "additionalProperties": TEXT}]}
POSITIVE = {"type": "integer", "minimum": 1}
VERSIONS = {"type": "array", "items": POSITIVE}
POLICY = {
    "oneOf": [
        record(["all"], all=record([])),
        record(["latest"], latest=record(["num_versions"], num_versions=POSITIVE)),
        record(["specific"], specific=record(["versions"], versions=VERSIONS)),
    ]
}  # fmt: skip
MODEL = record(
    ["name"],
    name=TEXT,
    base_path=TEXT,
    batch_size={"type": ["integer", "string"], "minimum": 0},
    graph_path=TEXT,
    subconfig=TEXT,
    model_version_policy=POLICY,
    shape=PLACE,
    layout=PLACE,
    nireq=COUNT,
    target_device=TEXT,
    allow_cache={"type": "boolean"},
    plugin_config={
        "type": "object",
        "additionalProperties": {"type": ["string", "boolean", "number"]},
    },
)
SCHEMA = record(
    ["model_config_list"],
    model_config_list={"type": "array", "items": record(["config"], config=MODEL)},
)
