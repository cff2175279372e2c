"""What changes how the plugin computes a program, and not what: settings worth trying.

A dense layer of float32 with nothing behind it runs on MLAS; with a function behind it that its
kernel computes as well, on oneDNN (`fullyconnected_implementations.cpp`). PReLU of slope 1 is such
a function and changes no number, an infinity or a NaN neither. Of 768 x 3072 weights and 128 rows
oneDNN was 4 to 9 % faster on AVX-512, of 8 rows slower; with AVX2 alone of 8 rows 2.4 times slower,
of 384 faster in a first look: to be tried.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy
import openvino
from openvino import opset16 as ov

from isthmus.errors import UsageError
from isthmus.program.options import Options

__all__ = ["DENSE_KERNEL", "applied", "checked", "levers"]

DENSE_KERNEL = "dense_kernel"
MLAS, ONEDNN = "mlas", "onednn"  # the plugin's own choice first
# Functions that the kernel of a dense layer computes behind it.
FUSED = frozenset(
    ("Clamp", "Elu", "Gelu", "HSigmoid", "HSwish", "Mish", "PRelu", "Relu", "Sigmoid", "Swish")
)


def levers(options: Options) -> Mapping[str, tuple[str, ...]]:
    """What may be put into `Options.extra`, and its values, the default first.

    Half precision and integers are oneDNN's anyway.
    """
    if options.precision != "f32" or options.weights:
        return {}
    return {DENSE_KERNEL: (MLAS, ONEDNN)}


def checked(options: Options) -> None:
    """UsageError for a setting that there is not."""
    for name, value in options.extra.items():
        if name != DENSE_KERNEL:
            raise UsageError(f"extra: backend 'cpu' has no setting {name!r}; give {DENSE_KERNEL!r}")
        if value not in (MLAS, ONEDNN):
            raise UsageError(f"{DENSE_KERNEL}={value!r}: give {MLAS!r} or {ONEDNN!r}")


def applied(model: openvino.Model, options: Options) -> openvino.Model:
    """The model with what the settings add to it."""
    if options.extra.get(DENSE_KERNEL, MLAS) == ONEDNN:
        for node in model.get_ordered_ops():
            if _is_dense(node):
                _put_behind(_with_bias(node.output(0)))
    return model


def _is_dense(node: Any) -> bool:
    if node.get_type_name() != "MatMul" or not node.get_transpose_b():
        return False
    weight = node.input_value(1)
    return _is_constant(weight) and weight.get_element_type() == openvino.Type.f32


def _is_constant(output: Any) -> bool:
    return bool(output.get_node().get_type_name() == "Constant")


def _with_bias(output: Any) -> Any:
    """The sum with a constant vector, if that is all the product is used for."""
    readers = list(output.get_target_inputs())
    node = readers[0].get_node() if len(readers) == 1 else None
    if node is None or node.get_type_name() != "Add":
        return output
    is_bias = any(
        _is_constant(node.input_value(at)) and node.input_value(at).get_partial_shape().rank == 1
        for at in (0, 1)
    )
    return node.output(0) if is_bias else output


def _put_behind(output: Any) -> None:
    """PReLU of slope 1, where nothing is that the kernel computes."""
    readers = list(output.get_target_inputs())
    if any(reader.get_node().get_type_name() in FUSED for reader in readers):
        return
    names = output.get_names()
    same = ov.prelu(output, ov.constant(numpy.ones(1, numpy.float32)))
    for reader in readers:
        reader.replace_source_output(same.output(0))
    if any(reader.get_node().get_type_name() == "Result" for reader in readers):
        output.set_names(set())
        same.output(0).set_names(names)
