"""Does CUDA's own provider divide programs as `gpu_backend/cuda_plan.py` says? It takes no GPU.

    python -m studies.cuda_partition FOLDER

FOLDER: where `onnxruntime` of the package onnxruntime-gpu is, as of an unpacked wheel. With
stand-ins for NVIDIA's libraries (`stand_ins`) its sessions are opened on each program, asked for a
CUDA graph: which nodes does the provider leave to the processor, and does it take the program for a
graph? Exit code 2 where it does not as the plan has it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import onnx

import isthmus as im
from isthmus import np, npx
from isthmus.errors import IsthmusError, UsageError
from isthmus.gpu_backend import GpuBackend
from isthmus.gpu_backend.cuda_plan import OF_SIZES, CudaPlan, cuda_plan
from isthmus.onnx.write.builder import Model
from isthmus.onnx.write.model import build
from isthmus.onnx.write.model_file import inlined
from isthmus.program.options import Options
from isthmus.program.precision import in_precision
from isthmus.program.prepared import prepared
from isthmus.system import command
from isthmus.trace.tracing import trace

from .stand_ins import answer, environment

OPENED = """
import json, os, sys, onnxruntime as runtime
settings = runtime.SessionOptions()
settings.log_severity_level = 4
settings.graph_optimization_level = runtime.GraphOptimizationLevel.ORT_ENABLE_BASIC
settings.add_session_config_entry("session.record_ep_graph_assignment_info", "1")
graph = {"enable_cuda_graph": sys.argv[2]}
try:
    session = runtime.InferenceSession(
        sys.argv[1], settings, providers=[("CUDAExecutionProvider", graph)], enable_fallback=0
    )
except Exception as problem:
    print(json.dumps({"refused": " ".join(str(problem).split())}), flush=True)
    os._exit(0)
nodes = {}
for part in session.get_provider_graph_assignment_info():
    nodes.setdefault(part.ep_name, []).extend(node.op_type for node in part.get_nodes())
print(json.dumps({"nodes": nodes}), flush=True)
os._exit(0)
"""
GPU = GpuBackend()
TEXT: dict[str, Any] = {"width": 24, "inner": 48, "vocabulary": 50}
MODELS: Mapping[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "bert-base": (TEXT, {"batch": "batch", "seq": "seq"}),
    "resnet-50": ({}, {"batch": "batch"}),
    "mobilenet-v2": ({}, {"batch": "batch", "height": "h", "width": "w"}),
}
LINE, ROWS = im.spec("float32", ["n"]), im.spec("float32", ["n", 3])
PROGRAMS: Mapping[str, tuple[Callable[..., Any], Any]] = {
    "a size as a number": (lambda x: x * x.shape[0], LINE),
    "a branch": (lambda x: npx.cond(np.sum(x) > 0, lambda: x, lambda: -x), LINE),
    "a reshape": (lambda x: np.tanh(np.reshape(x, (-1,))), ROWS),
    "counted": (lambda x: x + np.arange(x.shape[0], dtype="float32"), LINE),
    "filled": (lambda x: x + np.full(x.shape, 2.0, "float32"), LINE),
    "broadcast": (lambda x: np.broadcast_to(x[:1], x.shape) + 1, LINE),
    "extremes": (lambda x: np.argmax(x, axis=0), ROWS),
    "looked up": (lambda x: np.take(x, np.argmax(x, axis=0), axis=0), ROWS),
}


def main(arguments: Sequence[str]) -> None:
    if len(arguments) != 1:
        raise UsageError("give the folder of an unpacked onnxruntime-gpu")
    wrong = 0
    with environment(Path(arguments[0])) as variables, TemporaryDirectory() as place:
        for name, model in models():
            path = Path(place) / "net.onnx"
            onnx.save(inlined(model), path)
            plan = cuda_plan(model)
            said = divided(path, variables)
            difference = compared(plan, said)
            wrong += difference is not None
            print(f"{name}: {difference or 'as the plan has it'}; {told(said)}", flush=True)
    if wrong:
        raise IsthmusError(f"{wrong} program(s) are divided otherwise than the plan says")


def models() -> Iterator[tuple[str, Model]]:
    for name, (options, sizes) in MODELS.items():
        net = im.models.create(name, **options)
        for precision in ("f32", "f16", "bf16"):
            yield f"{name} {precision}", made(net, net.specs(**sizes), precision)
    for name, (function, spec) in PROGRAMS.items():
        yield name, made(function, (spec,), "f32")


def made(function: Any, specs: Any, precision: str) -> Model:
    options = Options(precision, device="cuda")
    traced = in_precision(trace(function, specs), options, [], GPU)
    return build(prepared(traced.graph, GPU, options), for_cuda=True)


def divided(path: Path, variables: Mapping[str, str]) -> dict[str, Any]:
    """What a session says that is asked for a graph; and of one that is not, its nodes."""
    asked: dict[str, Any] = json.loads(answer(OPENED, variables, str(path), "1"))
    if "refused" not in asked:
        return asked
    plain: dict[str, Any] = json.loads(answer(OPENED, variables, str(path), "0"))
    return {**plain, "refused": asked["refused"]}


def compared(plan: CudaPlan, said: Mapping[str, Any]) -> str | None:
    """How the provider's answer differs from the plan; None where it does not."""
    if "nodes" not in said:
        return f"no session opens: {said['refused']}"
    on_host = set(said["nodes"].get("CPUExecutionProvider", ()))
    if not plan.not_in_graph and (others := sorted(on_host - {"Shape", *OF_SIZES})):
        return f"the processor gets {', '.join(others)}"
    if bool(plan.not_in_graph) != ("refused" in said):
        return f"the plan says of a graph: {'; '.join(plan.not_in_graph) or 'it holds it'}"
    return None


def told(said: Mapping[str, Any]) -> str:
    counts = {name: len(nodes) for name, nodes in said.get("nodes", {}).items()}
    nodes = ", ".join(f"{count} nodes on {name}" for name, count in counts.items())
    return f"{nodes}; {'no graph' if 'refused' in said else 'a graph'}"


if __name__ == "__main__":
    command.run(main, sys.argv[1:])
