"""Gluon-like blocks: a network is an object with a `forward` and named parameters."""

from __future__ import annotations

from typing import NoReturn

from isthmus.hints import absent

from .activation_layer import ACTIVATIONS, Activation
from .block import Block, Sequential
from .convolution_layer import Conv1D, Conv2D, Conv3D
from .dense_layers import Dense, Embedding
from .fitting import Unmatched
from .global_pooling_layers import (
    GlobalAvgPool1D,
    GlobalAvgPool2D,
    GlobalAvgPool3D,
    GlobalMaxPool1D,
    GlobalMaxPool2D,
    GlobalMaxPool3D,
)
from .group_layers import GroupNorm, InstanceNorm, RMSNorm
from .normalization_layers import BatchNorm, LayerNorm
from .parameter import Parameter, he, normal, ones, zeros
from .passing_layers import Dropout, Flatten, Identity, PixelShuffle2D
from .pooling_layers import AvgPool1D, AvgPool2D, AvgPool3D, MaxPool1D, MaxPool2D, MaxPool3D
from .prelu_layer import PReLU
from .recurrent_cells import GRUCell, LSTMCell, RNNCell
from .recurrent_layers import GRU, LSTM, RNN
from .transposed_layer import Conv1DTranspose, Conv2DTranspose, Conv3DTranspose
from .unknown import LAYERS

# Gluon's names of what here is compiled or not as one wishes.
HybridBlock = Block
HybridSequential = Sequential

__all__ = [
    "ACTIVATIONS",
    "GRU",
    "LSTM",
    "RNN",
    "Activation",
    "AvgPool1D",
    "AvgPool2D",
    "AvgPool3D",
    "BatchNorm",
    "Block",
    "Conv1D",
    "Conv1DTranspose",
    "Conv2D",
    "Conv2DTranspose",
    "Conv3D",
    "Conv3DTranspose",
    "Dense",
    "Dropout",
    "Embedding",
    "Flatten",
    "GRUCell",
    "GlobalAvgPool1D",
    "GlobalAvgPool2D",
    "GlobalAvgPool3D",
    "GlobalMaxPool1D",
    "GlobalMaxPool2D",
    "GlobalMaxPool3D",
    "GroupNorm",
    "HybridBlock",
    "HybridSequential",
    "Identity",
    "InstanceNorm",
    "LSTMCell",
    "LayerNorm",
    "MaxPool1D",
    "MaxPool2D",
    "MaxPool3D",
    "PReLU",
    "Parameter",
    "PixelShuffle2D",
    "RMSNorm",
    "RNNCell",
    "Sequential",
    "Unmatched",
    "he",
    "normal",
    "ones",
    "zeros",
]


def __getattr__(name: str) -> NoReturn:
    raise absent("isthmus.nn", name, __all__, LAYERS)
