"""Names of MXNet's `npx` that are not here, and what to write instead."""

from __future__ import annotations

__all__ = ["ELSEWHERE"]

_DEVICE = "a device is an option of isthmus.compile, or a namespace: isthmus.namespace('gpu')"
_RANDOM = "npx.random_uniform and npx.random_normal draw by a key"

ELSEWHERE: dict[str, str] = {
    "activation": "call it by its name, as npx.relu",
    "arange_like": "write np.arange(x.shape[axis])",
    "batch_dot": "write np.matmul",
    "batch_flatten": "write np.reshape(x, (x.shape[0], -1))",
    "bernoulli": _RANDOM,
    "cpu": _DEVICE,
    "current_device": _DEVICE,
    "deconvolution": "there are no transposed convolutions yet",
    "dropout": "at inference nothing is dropped; leave it out",
    "embedding": "write np.take(weight, x, axis=0)",
    "erfinv": "there is none yet; scipy.special has it",
    "gammaln": "there is none yet; scipy.special has it",
    "gather_nd": "write x[tuple(indices)]",
    "gpu": _DEVICE,
    "group_norm": "write it with np.mean and np.var over a reshaped x",
    "instance_norm": "write it with np.mean and np.var over a reshaped x",
    "is_np_array": "arrays always are NumPy's; leave it out",
    "is_np_shape": "shapes always are NumPy's; leave it out",
    "l2_normalization": "it is npx.l2_normalize",
    "load": "numpy.load, or safetensors.numpy.load_file, reads arrays",
    "masked_log_softmax": "write npx.log_softmax(np.where(mask, x, -numpy.inf))",
    "masked_softmax": "write npx.softmax(np.where(mask, x, -numpy.inf))",
    "nonzero": "write np.argwhere",
    "num_gpus": _DEVICE,
    "one_hot": "write np.equal(x[..., None], np.arange(count))",
    "pick": "write np.take_along_axis",
    "pooling": "call it by its name: npx.max_pool, npx.average_pool, npx.global_average_pool",
    "reset_np": "arrays always are NumPy's; leave it out",
    "reshape_like": "write np.reshape(x, y.shape)",
    "rnn": "write the step as a function, and npx.foreach",
    "save": "numpy.savez, or safetensors.numpy.save_file, writes arrays",
    "seed": _RANDOM,
    "sequence_mask": "write np.where(np.arange(steps)[:, None] < lengths, x, value)",
    "set_np": "arrays always are NumPy's; leave it out",
    "stop_gradient": "there is none; close over what is constant",
    "swish": "it is npx.silu",
    "topk": "write np.argsort, and take the last",
    "waitall": "calls return when they are done; leave it out",
}
