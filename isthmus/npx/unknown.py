"""Names of MXNet's `npx` that are not here, and what to write instead."""

from __future__ import annotations

__all__ = ["ELSEWHERE"]

_DEVICE = "a device is an option of isthmus.compile, or a namespace: isthmus.namespace('gpu')"
_RANDOM = "npx.random_uniform and npx.random_normal draw by a key"

ELSEWHERE: dict[str, str] = {
    "activation": "call it by its name, as npx.relu",
    "batch_flatten": "write np.reshape(x, (x.shape[0], -1))",
    "bernoulli": _RANDOM,
    "cpu": _DEVICE,
    "current_device": _DEVICE,
    "deconvolution": "it is npx.conv_transpose",
    "dropout": "at inference nothing is dropped; leave it out",
    "embedding": "write np.take(weight, x, axis=0)",
    "gpu": _DEVICE,
    "is_np_array": "arrays always are NumPy's; leave it out",
    "is_np_shape": "shapes always are NumPy's; leave it out",
    "l2_normalization": "it is npx.l2_normalize",
    "load": "numpy.load, or safetensors.numpy.load_file, reads arrays",
    "nonzero": "write np.argwhere",
    "num_gpus": _DEVICE,
    "pooling": "call it by its name: npx.max_pool, npx.average_pool, npx.global_average_pool",
    "reset_np": "arrays always are NumPy's; leave it out",
    "save": "numpy.savez, or safetensors.numpy.save_file, writes arrays",
    "seed": _RANDOM,
    "set_np": "arrays always are NumPy's; leave it out",
    "stop_gradient": "there is none; close over what is constant",
    "swish": "it is npx.silu",
    "waitall": "calls return when they are done; leave it out",
}
