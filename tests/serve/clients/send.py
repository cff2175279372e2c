"""`send.py ADDRESS PROTOCOL MODEL ARRAYS CALLERS`: requests of a server, their answers checked.

ARRAYS is an npz file of `in.NUMBER.NAME` and `out.NUMBER.NAME`. Prints JSON: how many were sent,
the largest difference, and how many were the same to the bit.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy
import tritonclient.grpc as of_grpc
import tritonclient.http as of_http
from tritonclient.utils import np_to_triton_dtype

Arrays = dict[str, Any]


def requests_of(path: str) -> list[tuple[Arrays, Arrays]]:
    found: dict[int, tuple[Arrays, Arrays]] = {}
    with numpy.load(path) as file:
        for key in file.files:
            side, number, name = key.split(".", 2)
            pair = found.setdefault(int(number), ({}, {}))
            pair[side == "out"][name] = file[key]
    return [found[number] for number in sorted(found)]


def caller(
    address: str, protocol: str, model: str, callers: int
) -> Callable[[Mapping[str, Any], list[str]], Arrays]:
    module: Any = of_http if protocol == "http" else of_grpc
    options = {"concurrency": callers} if protocol == "http" else {}
    client = module.InferenceServerClient(address, **options)

    def call(arrays: Mapping[str, Any], names: list[str]) -> Arrays:
        given = []
        for name, array in arrays.items():
            tensor = module.InferInput(name, list(array.shape), np_to_triton_dtype(array.dtype))
            tensor.set_data_from_numpy(array)
            given.append(tensor)
        answer = client.infer(model, given, outputs=[module.InferRequestedOutput(n) for n in names])
        return {name: answer.as_numpy(name) for name in names}

    return call


def main(address: str, protocol: str, model: str, path: str, callers: str) -> int:
    requests = requests_of(path)
    call = caller(address, protocol, model, int(callers))
    with ThreadPoolExecutor(int(callers)) as pool:
        answers = list(pool.map(lambda pair: call(pair[0], list(pair[1])), requests))
    largest, same = 0.0, 0
    for (_, wanted), found in zip(requests, answers, strict=True):
        for name, array in wanted.items():
            got = found[name]
            if got.shape != array.shape or got.dtype != array.dtype:
                print(
                    f"{name}: {got.dtype}{got.shape} for {array.dtype}{array.shape}",
                    file=sys.stderr,
                )
                return 1
            apart = numpy.abs(got.astype("float64") - array.astype("float64"))
            largest = max(largest, float(apart.max(initial=0)))
        same += all(numpy.array_equal(found[name], array) for name, array in wanted.items())
    print(json.dumps({"sent": len(requests), "largest": largest, "same": same}))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
