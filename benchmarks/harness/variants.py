"""Who runs a workload: one row each. What runs inside a measured process is in `portable/`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from isthmus.errors import UsageError
from isthmus.system import machine

from . import environments

__all__ = ["ENDPOINT", "REFERENCE", "VARIANTS", "Variant", "endpoint", "find", "full"]


@dataclass(frozen=True)
class Variant:
    """A runtime, how it is opened, and what it needs.

    opener, options: a module of `portable/peers/`, or one by its full name; what is passed to it
    home: the environment that is made for it (see `environments`)
    needs: the prepared file, as `prepare.Facts.absent` calls it; "inputs" are always there
    variables: of its process, read by the runtime when it is imported
    maker: the module that makes its file, `options["file"]`, of the prepared ones (see `making`)
    model: the only one that it runs, with weights of its own; "" for any
    low: it may compute below float32, so that its accuracy is judged as well
    copies: so many processes of one thread side by side (`copies.py`); 0 for one of all threads
    usual: one that is not runs when asked for: it needs a device, an installation, or shows one
        thing alone
    """

    name: str
    opener: str
    options: Mapping[str, Any] = field(default_factory=dict)
    home: str = environments.OWN
    needs: Literal["program", "named", "onnx", "model", "inputs"] = "program"
    variables: Mapping[str, str] = field(default_factory=dict)
    maker: str = ""
    low: bool = False
    model: str = ""
    copies: int = 0
    usual: bool = False

    @property
    def environment(self) -> str:
        """The environment that it runs in here: "own", or that of `home`."""
        return environments.used(self.home)


# What opens a program of Isthmus belongs to the revision that is measured, what times it to the
# harness: so this is a name that earlier revisions have, too.
OWN_OPENER = "isthmus.benchmarks.process.on_isthmus"

ENDPOINT = "endpoint"  # of an address that the user gives, so no row below
REFERENCE = "numpy"  # every other variant's outputs are compared with this one's
CPU = {"backend": "cpu"}
ONNX_CPU = {"backend": "gpu", "device": "cpu"}
# MXNet says at length, once for each operator, that it does without oneDNN.
QUIET = {"MXNET_STORAGE_FALLBACK_LOG_VERBOSE": "0", "MXNET_SUBGRAPH_VERBOSE": "0"}
PLAIN = {**QUIET, "MXNET_MKLDNN_ENABLED": "0"}


def _made(name: str, options: Mapping[str, Any], precision: str) -> Variant:
    """One of Isthmus's own in a precision that is settled on samples, once, and saved."""
    file = {"made": precision, "file": f"{name}.im"}
    return Variant(name, OWN_OPENER, {**options, **file}, maker=OWN_OPENER, low=True)


VARIANTS = (
    Variant("numpy", OWN_OPENER, {"backend": "numpy"}, usual=True),
    Variant("cpu", OWN_OPENER, CPU, usual=True),
    Variant(
        "onnxruntime-cpu",
        OWN_OPENER,
        ONNX_CPU,
        usual=True,
    ),
    Variant("gpu", OWN_OPENER, {"backend": "gpu"}),
    # What `isthmus tune` chooses among all runtimes, precisions, threads and so on.
    Variant("auto", OWN_OPENER, {"file": "auto.im", "budget": "90s"}, maker=OWN_OPENER, low=True),
    Variant("cpu-bf16", OWN_OPENER, {**CPU, "precision": "bf16"}, low=True),
    _made("cpu-int8", CPU, "int8"),
    Variant("cpu-weights-int8", OWN_OPENER, {**CPU, "weights": "int8"}, low=True),
    _made("cpu-auto", CPU, "auto"),
    Variant("onnxruntime-cpu-bf16", OWN_OPENER, {**ONNX_CPU, "precision": "bf16"}, low=True),
    _made("onnxruntime-cpu-int8", ONNX_CPU, "int8"),
    Variant("onnxruntime-cpu-weights-int8", OWN_OPENER, {**ONNX_CPU, "weights": "int8"}, low=True),
    _made("onnxruntime-cpu-auto", ONNX_CPU, "auto"),
    Variant("cpu-named", OWN_OPENER, {**CPU, "file": "named.im"}, needs="named"),
    Variant("openvino-by-hand", "on_openvino", home="openvino", needs="model", usual=True),
    Variant(
        "onnxruntime-by-hand",
        "on_onnxruntime",
        home="onnxruntime",
        needs="onnx",
        usual=True,
    ),
    Variant(
        "openvino-as-it-comes",
        "on_openvino",
        {"settings": {}},
        home="openvino",
        needs="model",
        low=True,
    ),
    Variant(
        "openvino-nncf-int8",
        "on_openvino",
        {"settings": {"PERFORMANCE_HINT": "LATENCY"}, "file": "nncf.xml"},
        home="nncf",
        needs="model",
        maker="quantize_nncf",
        low=True,
    ),
    Variant(
        "onnxruntime-dynamic-int8",
        "on_onnxruntime",
        {"scheme": "dynamic", "file": "dynamic-int8.onnx"},
        home="onnxruntime",
        needs="onnx",
        maker="quantize_onnxruntime",
        low=True,
    ),
    Variant(
        "onnxruntime-static-int8",
        "on_onnxruntime",
        {"scheme": "static", "file": "static-int8.onnx"},
        home="onnxruntime",
        needs="onnx",
        maker="quantize_onnxruntime",
        low=True,
    ),
    Variant("torch-eager", "on_torch", home="torch", needs="onnx"),
    Variant("torch-compile", "on_torch", {"compile": True}, home="torch", needs="onnx"),
    Variant("torch-eager-bf16", "on_torch", {"bf16": True}, home="torch", needs="onnx", low=True),
    Variant(
        "torch-compile-bf16",
        "on_torch",
        {"bf16": True, "compile": True},
        home="torch",
        needs="onnx",
        low=True,
    ),
    Variant(
        "sentence-transformers-openvino",
        "on_sentence_transformers",
        {"file": "sentence-transformers"},
        home="sentence-transformers",
        model="minilm-l6",
        variables={"HF_HUB_OFFLINE": "1"},
        maker="export_sentence_transformers",
        low=True,
    ),
    Variant("jax", "on_jax", home="jax", needs="onnx"),
    Variant("mxnet-onednn", "on_mxnet", home="mxnet", needs="onnx", variables=QUIET),
    Variant("mxnet-plain", "on_mxnet", home="mxnet", needs="onnx", variables=PLAIN),
)

# The complete comparison: a missing peer is reported as missing. cpu-named shows one thing alone.
FULL = tuple(v.name for v in VARIANTS if v.name not in ("cpu-named", "gpu"))


def full() -> list[Variant]:
    """The complete comparison on this machine: those of FULL, and the GPU where there is one."""
    return find([*FULL, *(["gpu"] if machine.gpus() else [])])


def endpoint(address: str) -> Variant:
    """What a server answers that has the workload's model already."""
    return Variant(ENDPOINT, "on_endpoint", {"endpoint": address}, needs="inputs")


def find(names: list[str]) -> list[Variant]:
    """The variants of the given names, the usual ones for none; UsageError for an unknown one."""
    known = {variant.name: variant for variant in VARIANTS}
    for name in names:
        if name not in known:
            raise UsageError(f"no variant '{name}'; there are {', '.join(known)}")
    return [known[name] for name in names] or [v for v in VARIANTS if v.usual]
