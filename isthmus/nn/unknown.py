"""Names of Gluon's and torch's layers and blocks that are not here, and what to write instead."""

from __future__ import annotations

from typing import Any

from isthmus.hints import absent

__all__ = ["LAYERS", "METHODS", "unknown_attribute"]

_BOTH_WAYS = "give nn.LSTM, nn.GRU or nn.RNN bidirectional=True"
_TRAINING = "blocks are for inference; im.grad gives gradients"

LAYERS: dict[str, str] = {
    "AvgPool1d": "it is nn.AvgPool1D",
    "AvgPool2d": "it is nn.AvgPool2D",
    "AvgPool3d": "it is nn.AvgPool3D",
    "BatchNorm1d": "it is nn.BatchNorm",
    "BatchNorm2d": "it is nn.BatchNorm",
    "BatchNormReLU": "write nn.BatchNorm and nn.Activation('relu')",
    "BidirectionalCell": _BOTH_WAYS,
    "CELU": "write it with np.where and np.expm1",
    "Concatenate": "write np.concatenate in forward",
    "Conv1d": "it is nn.Conv1D(channels, kernel_size=..., in_channels=...)",
    "Conv2d": "it is nn.Conv2D(channels, kernel_size=..., in_channels=...)",
    "Conv3d": "it is nn.Conv3D(channels, kernel_size=..., in_channels=...)",
    "ConvTranspose1d": "it is nn.Conv1DTranspose(channels, kernel_size=..., in_channels=...)",
    "ConvTranspose2d": "it is nn.Conv2DTranspose(channels, kernel_size=..., in_channels=...)",
    "ConvTranspose3d": "it is nn.Conv3DTranspose(channels, kernel_size=..., in_channels=...)",
    "ELU": "it is nn.Activation('elu')",
    "Functional": "the functions are those of isthmus.npx",
    "GELU": "it is nn.Activation('gelu')",
    "HybridLambda": "write the function in forward, or a Block of it",
    "Lambda": "write the function in forward, or a Block of it",
    "LayerList": "assign a list of blocks, whose blocks are children",
    "LeakyReLU": "write npx.leaky_relu(x, slope=...) in forward",
    "Linear": "it is nn.Dense(units, inputs)",
    "MaxPool1d": "it is nn.MaxPool1D",
    "MaxPool2d": "it is nn.MaxPool2D",
    "MaxPool3d": "it is nn.MaxPool3D",
    "Module": "it is nn.Block",
    "ModuleDict": "assign a dict of blocks, whose blocks are children",
    "ModuleList": "assign a list of blocks, whose blocks are children",
    "MultiHeadAttention": "write npx.scaled_dot_product_attention in forward",
    "MultiheadAttention": "write npx.scaled_dot_product_attention in forward",
    "PixelShuffle": "it is nn.PixelShuffle2D",
    "ReLU": "it is nn.Activation('relu')",
    "ReLU6": "it is nn.Activation('relu6')",
    "ReflectionPad2D": "write np.pad(x, widths, mode='reflect') in forward",
    "SELU": "write it with np.where and np.expm1",
    "SiLU": "it is nn.Activation('silu')",
    "Sigmoid": "it is nn.Activation('sigmoid')",
    "Softmax": "write npx.softmax in forward",
    "Swish": "it is nn.Activation('silu')",
    "SymbolBlock": "a saved program is read by isthmus.load",
    "SyncBatchNorm": "at inference it is nn.BatchNorm",
    "Tanh": "it is nn.Activation('tanh')",
    "Upsample": "write npx.resize in forward",
    "functional": "the functions are those of isthmus.npx",
    "loss": _TRAINING,
}

METHODS: dict[str, str] = {
    "apply": "walk through children()",
    "collect_params": "it is parameters()",
    "cuda": "a device is an option of hybridize and isthmus.compile: backend='gpu'",
    "double": "it is cast('float64')",
    "eval": "blocks always compute as at inference",
    "export": "it is isthmus.export(net, specs, path)",
    "float": "it is cast('float32')",
    "forward": "write forward(self, x); Gluon 1's hybrid_forward is not called",
    "half": "it is cast('float16')",
    "load_dict": "it is set_parameters(arrays)",
    "load_state_dict": "it is set_parameters(arrays, strict=...)",
    "name_scope": "names are those of attributes; leave it out",
    "named_children": "it is children()",
    "named_parameters": "it is parameters().items()",
    "optimize_for": "it is hybridize(backend=...)",
    "params": "it is parameters()",
    "register_child": "assign the block to an attribute, or to a list that is one",
    "register_module": "assign the block to an attribute, or to a dict that is one",
    "register_parameter": "assign the parameter to an attribute",
    "reset_ctx": "a device is an option of hybridize and isthmus.compile",
    "reset_device": "a device is an option of hybridize and isthmus.compile",
    "setattr": "assign to the attributes of parameters().values()",
    "state_dict": "write {name: p.data() for name, p in net.parameters().items()}",
    "to": "a device is an option of hybridize and isthmus.compile",
    "train": _TRAINING,
    "zero_grad": _TRAINING,
}


def unknown_attribute(block: Any, name: str) -> Exception:
    """The AttributeError for an attribute that a block does not have."""
    if hasattr(type(block), name):  # a property, which is not there for a reason of its own
        return AttributeError(f"{type(block).__name__}.{name} lacks an attribute that it needs")
    names = [known for known in (*vars(block), *dir(type(block))) if not known.startswith("_")]
    return absent(type(block).__name__, name, names, METHODS)
