"""Names of Gluon's and torch's layers and blocks that are not here, and what to write instead."""

from __future__ import annotations

from typing import Any

from isthmus.hints import absent

__all__ = ["LAYERS", "METHODS", "unknown_attribute"]

_RECURRENT = "there are no recurrent layers yet; write the step as a function, and npx.foreach"
_ONE_AXIS = "there is no layer for one axis; give nn.{} an axis of size 1, as x[:, :, None]"
_THREE_AXES = "there is no layer for three axes; fold one into the batch, or use numpy"
_NORM = "there is none yet; write it with np.mean and np.var over a reshaped x"
_TRAINING = "blocks are for inference; im.grad gives gradients"

LAYERS: dict[str, str] = {
    "AvgPool1D": _ONE_AXIS.format("AvgPool2D"),
    "AvgPool2d": "it is nn.AvgPool2D",
    "AvgPool3D": _THREE_AXES,
    "BatchNorm1d": "it is nn.BatchNorm",
    "BatchNorm2d": "it is nn.BatchNorm",
    "BatchNormReLU": "write nn.BatchNorm and nn.Activation('relu')",
    "BidirectionalCell": _RECURRENT,
    "CELU": "write it with np.where and np.expm1",
    "Concatenate": "write np.concatenate in forward",
    "Conv1D": _ONE_AXIS.format("Conv2D"),
    "Conv1DTranspose": "there are no transposed convolutions yet",
    "Conv1d": _ONE_AXIS.format("Conv2D"),
    "Conv2DTranspose": "there are no transposed convolutions yet",
    "Conv2d": "it is nn.Conv2D(channels, kernel_size=..., in_channels=...)",
    "Conv3D": _THREE_AXES,
    "Conv3d": _THREE_AXES,
    "ELU": "it is nn.Activation('elu')",
    "Functional": "the functions are those of isthmus.npx",
    "GELU": "it is nn.Activation('gelu')",
    "GRU": _RECURRENT,
    "GRUCell": _RECURRENT,
    "GlobalAvgPool1D": "write np.mean(x, axis=2, keepdims=True)",
    "GlobalMaxPool1D": "write np.max(x, axis=2, keepdims=True)",
    "GroupNorm": _NORM,
    "HybridLambda": "write the function in forward, or a Block of it",
    "InstanceNorm": _NORM,
    "LSTM": _RECURRENT,
    "LSTMCell": _RECURRENT,
    "Lambda": "write the function in forward, or a Block of it",
    "LayerList": "assign a list of blocks, whose blocks are children",
    "LeakyReLU": "write npx.leaky_relu(x, slope=...) in forward",
    "Linear": "it is nn.Dense(units, inputs)",
    "MaxPool1D": _ONE_AXIS.format("MaxPool2D"),
    "MaxPool2d": "it is nn.MaxPool2D",
    "MaxPool3D": _THREE_AXES,
    "Module": "it is nn.Block",
    "ModuleDict": "assign a dict of blocks, whose blocks are children",
    "ModuleList": "assign a list of blocks, whose blocks are children",
    "MultiHeadAttention": "write npx.scaled_dot_product_attention in forward",
    "MultiheadAttention": "write npx.scaled_dot_product_attention in forward",
    "PReLU": "write np.where(x > 0, x, slope * x), with a Parameter",
    "RNN": _RECURRENT,
    "RNNCell": _RECURRENT,
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
    "functional": "the functions are those of isthmus.npx",
    "loss": _TRAINING,
}

METHODS: dict[str, str] = {
    "apply": "walk through children()",
    "cast": "parameters are float32",
    "collect_params": "it is parameters()",
    "cuda": "a device is an option of hybridize and isthmus.compile: backend='gpu'",
    "eval": "blocks always compute as at inference",
    "export": "it is isthmus.export(net, specs, path)",
    "forward": "write forward(self, x); Gluon 1's hybrid_forward is not called",
    "load_dict": "it is set_parameters(arrays)",
    "load_parameters": "read the file, as by safetensors.numpy.load_file, and set_parameters(...)",
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
    "save_parameters": "write {name: p.data() for name, p in net.parameters().items()}, as by "
    "safetensors.numpy.save_file",
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
