"""What of a program's file stays in memory once it has run: not what the runtime has packed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy
import pytest

import isthmus as im
from isthmus import npx
from isthmus.system.mapping import WINDOW_BYTES

WIDTH = 1024

PROGRAM = """\
import sys
import numpy
import isthmus as im

def resident():
    lines = iter(open("/proc/self/smaps"))
    sizes = (next(l for l in lines if l.startswith("Rss:")) for l in lines if sys.argv[1] in l)
    return sum(int(line.split()[1]) for line in sizes) * 1024

run = im.load(sys.argv[1])
loaded = resident()
x = numpy.ones((16, 1024), numpy.float32)
call = run.bind(x) if sys.argv[2] == "bind" else (lambda: run(x))
total = float(call().sum())
print(loaded, resident(), total == float(call().sum()))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux what is resident")
@pytest.mark.parametrize("way", ["call", "bind"])
def test_weights_that_the_first_call_packs_are_let_go(tmp_path: Path, way: str) -> None:
    """OpenVINO packs a layer before a GELU, of any number of rows, when it is first run."""
    count = WINDOW_BYTES // (4 * WIDTH * WIDTH) + 1
    generator = numpy.random.default_rng(0)
    shape = (WIDTH, WIDTH)
    weights = [generator.uniform(-0.1, 0.1, shape).astype(numpy.float32) for _ in range(count)]

    def net(x: object) -> object:
        for weight in weights:
            x = npx.gelu(npx.fully_connected(x, weight))
        return x

    path = tmp_path / "program.im"
    im.compile(net, im.spec("float32", ["n", WIDTH]), backend="numpy").save(path)
    found = subprocess.check_output([sys.executable, "-c", PROGRAM, str(path), way], text=True)
    loaded, ran, same = found.split()
    assert int(loaded) < WINDOW_BYTES / 8 and int(ran) < WINDOW_BYTES / 8
    assert same == "True"
