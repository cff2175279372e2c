"""Gluon-like blocks: a network is an object with a `forward` and named parameters."""

from __future__ import annotations

from typing import NoReturn

from isthmus.hints import absent

from .activation_layer import ACTIVATIONS, Activation
from .block import Block, Sequential
from .convolution_layer import Conv2D
from .dense_layers import Dense, Embedding
from .fitting import Unmatched
from .normalization_layers import BatchNorm, LayerNorm
from .parameter import Parameter, he, normal, ones, zeros
from .passing_layers import Dropout, Flatten, Identity
from .pooling_layers import AvgPool2D, GlobalAvgPool2D, GlobalMaxPool2D, MaxPool2D
from .unknown import LAYERS

# Gluon's names of what here is compiled or not as one wishes.
HybridBlock = Block
HybridSequential = Sequential

__all__ = [
    "ACTIVATIONS",
    "Activation",
    "AvgPool2D",
    "BatchNorm",
    "Block",
    "Conv2D",
    "Dense",
    "Dropout",
    "Embedding",
    "Flatten",
    "GlobalAvgPool2D",
    "GlobalMaxPool2D",
    "HybridBlock",
    "HybridSequential",
    "Identity",
    "LayerNorm",
    "MaxPool2D",
    "Parameter",
    "Sequential",
    "Unmatched",
    "he",
    "normal",
    "ones",
    "zeros",
]


def __getattr__(name: str) -> NoReturn:
    raise absent("isthmus.nn", name, __all__, LAYERS)
