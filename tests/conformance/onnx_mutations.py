"""Mutated ONNX files: each is refused in one line, or runs; none ends or hangs the process.

    python tests/conformance/onnx_mutations.py FILE.onnx... [--count 2000] [--seed 0] [RESULT.json]

Half of the mutations are of bytes, half of structure: names exchanged, nodes dropped or doubled,
attributes, dims and element types changed. Each is loaded, and run on NumPy with arrays of the
types that it states, in a child process that goes on until it ends; a crash or more than 30 s is
counted and the next child goes on behind it.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import traceback
from collections import Counter
from pathlib import Path
from typing import Any

import numpy

SECONDS = 30
MOST_ELEMENTS = 10**6
MOST_BYTES = 6 * 2**30  # of a child


def mutated(content: bytes, seed: int) -> bytes:
    random = numpy.random.default_rng(seed)
    return _of_bytes(content, random) if seed % 2 else _of_structure(content, random)


def _of_bytes(content: bytes, random: Any) -> bytes:
    found = bytearray(content)
    for _ in range(random.integers(1, 5)):
        at = int(random.integers(max(len(found), 1)))
        kind = random.integers(4)
        if kind == 0 and found:
            found[at % len(found)] = int(random.integers(256))
        elif kind == 1:
            del found[at : at + int(random.integers(1, 64))]
        elif kind == 2:
            found[at:at] = random.bytes(int(random.integers(1, 16)))
        else:
            found = found[: max(at, 1)]
    return bytes(found)


def _of_structure(content: bytes, random: Any) -> bytes:
    import onnx

    model = onnx.ModelProto()
    model.ParseFromString(content)
    for _ in range(random.integers(1, 4)):
        CHANGES[int(random.integers(len(CHANGES)))](model, random)
    return bytes(model.SerializeToString())


def _one(items: Any, random: Any) -> Any:
    return items[int(random.integers(len(items)))] if len(items) else None


def _rename(model: Any, random: Any) -> None:
    node, other = _one(model.graph.node, random), _one(model.graph.node, random)
    if node and other and node.input and other.output:
        node.input[int(random.integers(len(node.input)))] = other.output[0]


def _drop(model: Any, random: Any) -> None:
    if model.graph.node:
        del model.graph.node[int(random.integers(len(model.graph.node)))]


def _double(model: Any, random: Any) -> None:
    node = _one(model.graph.node, random)
    if node:
        model.graph.node.add().CopyFrom(node)


def _operator(model: Any, random: Any) -> None:
    node, other = _one(model.graph.node, random), _one(model.graph.node, random)
    if node and other:
        node.op_type = other.op_type


def _attribute(model: Any, random: Any) -> None:
    node = _one(model.graph.node, random)
    attribute = _one(node.attribute, random) if node else None
    if attribute is None:
        return
    attribute.i = int(random.integers(-(2**40), 2**40)) >> int(random.integers(40))
    for i in range(len(attribute.ints)):
        attribute.ints[i] = int(random.integers(-9, 9))
    if random.integers(2):
        attribute.type = int(random.integers(15))


def _dims(model: Any, random: Any) -> None:
    tensor = _one(model.graph.initializer, random)
    if tensor and tensor.dims:
        size = int(random.integers(-2, 2**20)) >> int(random.integers(20))
        tensor.dims[int(random.integers(len(tensor.dims)))] = size


def _element(model: Any, random: Any) -> None:
    tensor = _one(model.graph.initializer, random)
    if tensor:
        tensor.data_type = int(random.integers(25))


def _input(model: Any, random: Any) -> None:
    value = _one(model.graph.input, random)
    if value:
        value.type.tensor_type.elem_type = int(random.integers(17))
        for size in value.type.tensor_type.shape.dim:
            size.dim_value = int(random.integers(0, 5))


def _opset(model: Any, random: Any) -> None:
    for one in model.opset_import:
        one.version = int(random.integers(1, 30))


CHANGES = (_attribute, _dims, _double, _drop, _element, _input, _operator, _opset, _rename)


def tried(content: bytes) -> str:
    """What became of a file: "ran", "refused", or a traceback's last line."""
    import isthmus as im
    from isthmus.errors import IsthmusError

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        path.write_bytes(content)
        try:
            net = im.load(path)
            net(**{name: _made_up(kind) for name, kind in net.specs(**_sizes(net)).items()})
        except IsthmusError as problem:
            return "two lines" if "\n" in str(problem) else "refused"
        except MemoryError:
            return "memory"
        except Exception as problem:
            where = traceback.extract_tb(problem.__traceback__)[-1]
            return f"traceback: {type(problem).__name__} {problem} {where.filename}:{where.lineno}"
    return "ran"


def _sizes(net: Any) -> dict[str, int]:
    shapes = [size for kind in net.specs().values() for size in kind.shape]
    return {str(size): 2 for size in shapes if not isinstance(size, int)}


def _made_up(kind: Any) -> Any:
    if numpy.prod(kind.shape, dtype=float) > MOST_ELEMENTS:
        from isthmus.errors import UsageError

        raise UsageError("larger than what is tried")
    return numpy.ones(kind.shape, kind.dtype)


def child(files: list[str], first: int, last: int) -> None:
    numpy.seterr(all="ignore")
    resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, MOST_BYTES))
    contents = [Path(file).read_bytes() for file in files]
    for seed in range(first, last):
        signal.alarm(SECONDS)
        print(seed, tried(mutated(contents[seed % len(contents)], seed)), sep="\t", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="+")
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--child", type=int)
    given = parser.parse_intermixed_args()
    files = [file for file in given.files if file.endswith(".onnx")]
    if given.child is not None:
        return child(files, given.child, given.seed + given.count)
    seen: dict[int, str] = {}
    following = given.seed
    while following < given.seed + given.count:
        command = [sys.executable, __file__, *files, "--child", str(following)]
        command += ["--seed", str(given.seed), "--count", str(given.count)]
        done = subprocess.run(command, capture_output=True, text=True, env=os.environ)
        for line in done.stdout.splitlines():
            number, _, what = line.partition("\t")
            seen[int(number)] = what
        following = max(seen, default=given.seed - 1) + 1
        if done.returncode:
            hung = done.returncode == -signal.SIGALRM
            seen[following] = "hang" if hung else f"crash {done.returncode}"
            print(following, seen[following], done.stderr[-300:], flush=True)
            following += 1
    counts = Counter(what.partition(":")[0] for what in seen.values())
    print(dict(counts))
    other = {seed: what for seed, what in seen.items() if what not in ("ran", "refused")}
    for seed, what in other.items():
        print(seed, what[:300])
    results = [file for file in given.files if file.endswith(".json")]
    if results:
        document = {"counts": counts, "other": other}
        Path(results[0]).write_text(json.dumps(document, indent=1))


if __name__ == "__main__":
    main()
