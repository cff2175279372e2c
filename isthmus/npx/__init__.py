"""Neural-network operators that NumPy lacks. Images are [N, C, H, W]."""

from __future__ import annotations

from typing import NoReturn

from isthmus.hints import absent

from .activation import (
    elu,
    erf,
    gelu,
    hard_sigmoid,
    hard_swish,
    leaky_relu,
    mish,
    relu,
    relu6,
    sigmoid,
    silu,
)
from .attention import scaled_dot_product_attention
from .control_flow import cond, foreach, while_loop
from .convolution import convolution, fully_connected
from .normalization import batch_norm, l2_normalize, layer_norm, rms_norm
from .pooling import average_pool, global_average_pool, max_pool
from .quantization import dequantize, quantize
from .random_numbers import random_normal, random_uniform
from .softmax import log_softmax, softmax
from .unknown import ELSEWHERE

__all__ = [
    "average_pool",
    "batch_norm",
    "cond",
    "convolution",
    "dequantize",
    "elu",
    "erf",
    "foreach",
    "fully_connected",
    "gelu",
    "global_average_pool",
    "hard_sigmoid",
    "hard_swish",
    "l2_normalize",
    "layer_norm",
    "leaky_relu",
    "log_softmax",
    "max_pool",
    "mish",
    "quantize",
    "random_normal",
    "random_uniform",
    "relu",
    "relu6",
    "rms_norm",
    "scaled_dot_product_attention",
    "sigmoid",
    "silu",
    "softmax",
    "while_loop",
]

for _name in ("activation", "pooling"):  # MXNet has functions of these names, and here are modules
    globals().pop(_name, None)


def __getattr__(name: str) -> NoReturn:
    raise absent("isthmus.npx", name, __all__, ELSEWHERE)
