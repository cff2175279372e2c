"""Parameters in files, and the table of a block."""

from __future__ import annotations

from pathlib import Path

import numpy
import pytest
from safetensors.numpy import load_file, save_file

import isthmus as im
from isthmus import nn
from isthmus.errors import FileError, UsageError


class Shared(nn.Block):
    """Two layers of one weight."""

    def __init__(self) -> None:
        self.first, self.second = nn.Dense(3, 3), nn.Dense(3, 3)
        self.second.weight = self.first.weight

    def forward(self, x: object) -> object:
        return self.second(self.first(x))


def test_what_is_written_is_read(tmp_path: Path) -> None:
    net, other, path = Shared(), Shared(), tmp_path / "net.safetensors"
    net.initialize(seed=1)
    net.save_parameters(path)
    assert sorted(load_file(path)) == ["first.bias", "first.weight", "second.bias"]
    other.initialize(seed=2)
    assert other.load_parameters(str(path)) == ([], [])
    x = numpy.ones((2, 3), numpy.float32)
    assert (other(x) == net(x)).all()


def test_files_that_do_not_fit(tmp_path: Path) -> None:
    net, path = nn.Dense(2, 3), tmp_path / "net.safetensors"
    with pytest.raises(UsageError, match="no values yet"):
        net.save_parameters(path)
    assert not path.exists()
    save_file({"weight": numpy.ones((2, 3), numpy.float32), "scale": numpy.ones(1)}, path)
    with pytest.raises(UsageError, match=r"1 missing \(bias\); 1 unexpected \(scale\)"):
        net.load_parameters(path)
    assert not net.weight.has_values
    assert net.load_parameters(path, strict=False) == (["bias"], ["scale"])
    path.write_bytes(b"no file of tensors")
    for place in (path, tmp_path / "absent"):
        with pytest.raises(FileError, match="no parameters can be read"):
            net.load_parameters(place)
    with pytest.raises(FileError, match="cannot be written"):
        net.set_parameters({"bias": numpy.ones(2)}, strict=False)
        net.save_parameters(tmp_path / "absent" / "net.safetensors")


def test_a_summary_says_what_each_block_returns() -> None:
    net = Shared()
    net.initialize()
    lines = net.summary(im.spec("float32", ["n", 3])).splitlines()
    assert [line.split() for line in lines[1:]] == [
        ["Shared", "float32[n,", "3]", "15"],
        ["first", "Dense", "float32[n,", "3]", "12"],
        ["second", "Dense", "float32[n,", "3]", "12"],
        ["all,", "each", "once", "15"],
    ]
