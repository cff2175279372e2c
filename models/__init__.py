"""BERT, ResNet and MobileNet, written once; published weights load into them by name.

net = im.models.bert("bert-base-uncased")            # random weights, by a seed
net = im.models.create("minilm-l6", weights="hf://sentence-transformers/all-MiniLM-L6-v2")
exe = im.compile(net, net.specs(), backend="cpu")
"""

from __future__ import annotations

from typing import Any

from isthmus.errors import UsageError

from .catalog import CATALOG, Entry, Model, create, find
from .catalog import names as list

__all__ = ["CATALOG", "Entry", "Model", "bert", "create", "find", "list", "mobilenet", "resnet"]


def bert(name: str = "bert-base", **options: Any) -> Model:
    """A BERT by name, such as "bert-base-uncased" or "minilm-l6"; options as for `create`."""
    if find(name).family != "bert":
        raise UsageError(f"{name} is no BERT; use create('{name}')")
    return create(name, **options)


def resnet(depth: int = 50, **options: Any) -> Model:
    """A ResNet of 18, 34, 50, 101 or 152 layers; version="v1", "v1.5" or "v2"."""
    return create(f"resnet-{depth}", **options)


def mobilenet(version: str = "v2", **options: Any) -> Model:
    """A MobileNet: "v1", "v2", "v3-large" or "v3-small"; width multiplies its channels."""
    return create(f"mobilenet-{version}", **options)
