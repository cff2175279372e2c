"""Gluon-like blocks: a network is an object with a `forward` and named parameters."""

from .block import Block, Sequential
from .layers import (
    ACTIVATIONS,
    Activation,
    BatchNorm,
    Conv2D,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    GlobalAvgPool2D,
    Identity,
    LayerNorm,
    MaxPool2D,
)
from .parameter import Parameter, he, normal, ones, zeros

__all__ = [
    "ACTIVATIONS",
    "Activation",
    "BatchNorm",
    "Block",
    "Conv2D",
    "Dense",
    "Dropout",
    "Embedding",
    "Flatten",
    "GlobalAvgPool2D",
    "Identity",
    "LayerNorm",
    "MaxPool2D",
    "Parameter",
    "Sequential",
    "he",
    "normal",
    "ones",
    "zeros",
]
