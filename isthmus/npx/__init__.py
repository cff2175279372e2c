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
from .bits import bitcast
from .blocks_of_space import depth_to_space, space_to_depth
from .box_nms import box_nms
from .boxes import box_iou, non_max_suppression
from .computed_resize import computed_resize as _computed_resize  # noqa: F401  it has an operator
from .control_flow import cond, foreach, while_loop
from .convolution import convolution, fully_connected
from .dynamic_quantization import dynamic_quantize
from .grid_sample import grid_sample
from .group_normalization import group_norm, instance_norm
from .image_decoding import decode_image as _decode_image  # noqa: F401  it has an operator
from .index_updates import index_add, index_update
from .integer_convolution import convolution_of_integers as _whole  # noqa: F401  it has an operator
from .integer_products import integer_matmul as _integer_matmul  # noqa: F401
from .likeness import arange_like, batch_dot, reshape_like
from .masked_softmax import masked_log_softmax, masked_softmax
from .normalization import batch_norm, l2_normalize, layer_norm, rms_norm
from .pairwise import pairwise_probabilities
from .picking import one_hot, pick, topk
from .pooling import average_pool, global_average_pool, max_pool
from .quantization import dequantize, quantize
from .quantized_recurrent import quantized_lstm as _quantized_lstm  # noqa: F401
from .random_numbers import random_normal, random_uniform
from .recurrent import gru, lstm, rnn
from .resize import resize
from .roi_align import roi_align
from .roi_pooling import roi_pooling
from .scatter_elements import scatter_elements
from .scatter_nd import gather_nd, scatter_nd
from .sequences import sequence_last, sequence_mask, sequence_reverse
from .sizes import computed_size
from .softmax import log_softmax, softmax
from .special import digamma, erfinv, gamma, gammaln
from .transposed_convolution import conv_transpose
from .trees import tree_leaves
from .unknown import ELSEWHERE

__all__ = [
    "arange_like",
    "average_pool",
    "batch_dot",
    "batch_norm",
    "bitcast",
    "box_iou",
    "box_nms",
    "computed_size",
    "cond",
    "conv_transpose",
    "convolution",
    "depth_to_space",
    "dequantize",
    "digamma",
    "dynamic_quantize",
    "elu",
    "erf",
    "erfinv",
    "foreach",
    "fully_connected",
    "gamma",
    "gammaln",
    "gather_nd",
    "gelu",
    "global_average_pool",
    "grid_sample",
    "group_norm",
    "gru",
    "hard_sigmoid",
    "hard_swish",
    "index_add",
    "index_update",
    "instance_norm",
    "l2_normalize",
    "layer_norm",
    "leaky_relu",
    "log_softmax",
    "lstm",
    "masked_log_softmax",
    "masked_softmax",
    "max_pool",
    "mish",
    "non_max_suppression",
    "one_hot",
    "pairwise_probabilities",
    "pick",
    "quantize",
    "random_normal",
    "random_uniform",
    "relu",
    "relu6",
    "reshape_like",
    "resize",
    "rms_norm",
    "rnn",
    "roi_align",
    "roi_pooling",
    "scaled_dot_product_attention",
    "scatter_elements",
    "scatter_nd",
    "sequence_last",
    "sequence_mask",
    "sequence_reverse",
    "sigmoid",
    "silu",
    "softmax",
    "space_to_depth",
    "topk",
    "tree_leaves",
    "while_loop",
]

for _name in ("activation", "pooling"):  # MXNet has functions of these names, and here are modules
    globals().pop(_name, None)


def __getattr__(name: str) -> NoReturn:
    raise absent("isthmus.npx", name, __all__, ELSEWHERE)
