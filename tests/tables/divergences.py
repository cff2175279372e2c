"""The rows of docs/numerics.md: under each heading the names, and the cases that show each."""

from __future__ import annotations

from collections.abc import Mapping

import divergences_onnx
import divergences_openvino
import divergences_openvino_shapes
import divergences_programs
from divergence_case import Rows

TABLES: Mapping[str, Rows] = {
    "OpenVINO's CPU plugin: types": divergences_openvino.TYPES,
    "OpenVINO's CPU plugin: values": divergences_openvino.VALUES,
    "OpenVINO's CPU plugin: axes and memory": divergences_openvino_shapes.SHAPES,
    "ONNX Runtime": divergences_onnx.CPU,
    "ONNX Runtime's CUDA provider": divergences_onnx.CUDA,
    "Both runtimes": divergences_programs.BOTH,
    "NumPy": divergences_programs.NUMPY,
    "Network operators": divergences_programs.NETWORKS,
}
