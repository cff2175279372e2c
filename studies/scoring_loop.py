"""Embeddings by a plain loop over padded batches: what `scoring.py` compares with.

    python -m studies.scoring_loop TEXTS.txt OUT.npy THREADS

Batches of 32 in the file's order, each padded to its longest text. Prints the seconds after the
model was compiled, as JSON.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import numpy

import isthmus as im

BATCH = 32


def main(texts: str, out: str, threads: int) -> None:
    net = im.models.create("minilm-l6", weights="sample")
    run = im.compile(net, net.specs(), threads=threads)
    lines = Path(texts).read_text(encoding="utf-8").splitlines()
    started = time.perf_counter()
    found = [
        run(**net.preprocess(lines[at : at + BATCH]))["embedding"]
        for at in range(0, len(lines), BATCH)
    ]
    numpy.save(out, numpy.concatenate(found))
    print(json.dumps({"seconds": time.perf_counter() - started}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
