"""The gpu backend: graphs on ONNX Runtime, on NVIDIA GPUs through CUDA.

device="cuda" is the default; device="cpu" runs the same models on ONNX Runtime's CPU
provider, which is how they are tested where there is no GPU.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from isthmus.graph.nodes import Graph, Node
from isthmus.graph.runner import Runner
from isthmus.program.backend import Diagnosis, Facts, Setting
from isthmus.program.options import DYNAMIC, QUANTIZATION, STATIC, Options
from isthmus.system.extras import require

from . import capability

if TYPE_CHECKING:
    from .cuda_plan import CudaPlan
    from .device_memory import OrtMemory

__all__ = ["GpuBackend", "export_onnx"]


class GpuBackend:
    """ONNX Runtime; imported when the first program is compiled."""

    name = "gpu"
    adds_in_line = True
    scales_apart = True

    def __init__(self) -> None:
        self.writes = {".onnx": export_onnx}

    def fuses(self, node: Node, options: Options) -> bool:
        return capability.fuses(node, options)

    def refuses(self, node: Node, options: Options) -> str | None:
        return capability.refuses(node, options)

    def refuses_in_file(self, node: Node, options: Options) -> str | None:
        return capability.refuses(node, options, in_file=True)

    def agrees(self, node: Node) -> bool:
        return capability.agrees(node)

    def saturates(self, node: Node, options: Options | None) -> bool:
        """Of matrix products alone: convolutions gain little, and need their eighth bit more."""
        weight = node.operands[1]
        if options is None or options.device != "cpu" or weight is None or weight.type.ndim != 2:
            return False
        from .saturation import saturates

        return saturates()

    def load(self, graph: Graph, options: Options) -> Runner:
        _require_onnx(options)
        from .executor import OnnxRunner

        return OnnxRunner(graph, options)

    def precisions(self, options: Options) -> tuple[str, ...]:
        """bf16 on CUDA alone: the CPU provider has no kernels of it, and of f16 few of its own.

        int8 on the CPU provider alone: CUDA's has neither QLinearConv nor QLinearMatMul among the
        kernels of ONNX Runtime 1.31, so that it would multiply in floats what it has rounded to
        integers and back, less exact than float32 and slower. Programs of integers still run there,
        loaded with precision="f32".
        """
        return ("f32", "f16", "int8") if options.device == "cpu" else ("f32", "bf16", "f16")

    def emulates(self, options: Options) -> tuple[str, ...]:
        """f16 on the CPU provider: casts around kernels of float32."""
        return ("f16",) if options.device == "cpu" else ()

    def levers(self, options: Options) -> Mapping[str, tuple[str, ...]]:
        """Ranges of samples, or those of each call, which the CPU provider has kernels for."""
        if options.precision != "int8" or options.device != "cpu":
            return {}
        return {QUANTIZATION: (STATIC, DYNAMIC)}

    def settings(self, options: Options) -> Mapping[str, Setting]:
        """Memory, arithmetic and the provider: see `gpu_backend.settings`."""
        from .settings import settings_of

        return settings_of(options)

    def misplaced(self, graph: Graph, options: Options) -> list[str]:
        """The nodes that CUDA has no kernel for, where it is asked for."""
        if options.device == "cpu":
            return []
        return list(self.plan(graph, options).without_kernel)

    def plan(self, graph: Graph, options: Options) -> CudaPlan:
        """What CUDA would make of a graph of accepted nodes, which needs no GPU to tell."""
        _require_onnx(options)
        from isthmus.onnx.write.model import build

        from .cuda_plan import cuda_plan

        return cuda_plan(build(graph, fast=options.numerics == "fast", for_cuda=True))

    def diagnosis(self) -> Diagnosis:
        _require_onnx(Options(device="cuda"))
        from .diagnosis import diagnosis

        return diagnosis()

    def facts(self) -> Facts:
        return Facts(
            devices=("cpu", "cuda"),
            remedy="reinstall onnxruntime, or onnxruntime-gpu for a GPU: one of the two",
        )

    def memory(self, options: Options) -> OrtMemory:
        _require_onnx(options)
        from .device_memory import OrtMemory

        return OrtMemory(options)


def export_onnx(graph: Graph, path: Path) -> None:
    """Write a graph as ONNX: one file, or weights beside it in `.data` above 2 GB."""
    require("onnx-cpu", "onnx", user="a .onnx file")
    from isthmus.onnx.write.model_file import write

    write(graph, path)


def _require_onnx(options: Options) -> None:
    """Graphs are handed over as ONNX; the extra is the one that brings the device's runtime."""
    extra = "onnx-cpu" if options.device == "cpu" else "gpu"
    require(extra, "onnx", user="backend gpu")
