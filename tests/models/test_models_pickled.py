"""Reading PyTorch's files: right numbers from whole ones, FileError and no side effect from others.

tests/data/tensors_zip.pth and tensors_legacy.pth were written by torch 2.13 and hold
{"epoch": 3, "state_dict": {"module.view": ..., ...}} in its two formats.
"""

from __future__ import annotations

import collections
import copyreg
import io
import pickle
import random
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy
import pytest
from places import DATA

from isthmus.errors import FileError
from isthmus.models.inputs.samples import mobilenet_v2
from isthmus.models.weights.pickled import MAGIC, PICKLE_LIMIT_BYTES, PROTOCOL, read_pickled

FORMATS = ("zip", "legacy")

WHOLE = numpy.arange(24, dtype=numpy.float32).reshape(4, 6)
EXPECTED = {
    "view": WHOLE[1:, ::2].T,
    "whole": WHOLE,
    "flag": numpy.array([True, False, True]),
    "count": numpy.array([[1, -(2**60)]]),
    "brain": numpy.array([1.5, -2.0], ml_dtypes.bfloat16),
    "half": numpy.array([0.5], numpy.float16),
    "scalar": numpy.array(7.5, numpy.float32),
    "empty": numpy.zeros((0, 3), numpy.float32),
    "parameter": numpy.ones((2, 2), numpy.float32),
}


@pytest.mark.parametrize("kind", FORMATS)
def test_reads_every_kind_of_tensor(kind: str) -> None:
    found = read_pickled(DATA / f"tensors_{kind}.pth")
    assert list(found) == list(EXPECTED)
    for name, expected in EXPECTED.items():
        assert found[name].dtype == expected.dtype, name
        numpy.testing.assert_array_equal(found[name], expected, strict=True)
        assert found[name].flags.carray, f"{name} is not contiguous, aligned and writable"


@pytest.mark.parametrize("kind", FORMATS)
def test_truncation_at_any_offset_is_an_error(kind: str, tmp_path: Path) -> None:
    whole = (DATA / f"tensors_{kind}.pth").read_bytes()
    for size in {*range(0, len(whole), 23), *range(len(whole) - 40, len(whole))}:
        (tmp_path / "cut.pth").write_bytes(whole[:size])
        with pytest.raises(FileError, match=r"cut\.pth: "):
            read_pickled(tmp_path / "cut.pth")


@pytest.mark.parametrize("kind", FORMATS)
def test_a_flipped_byte_gives_arrays_or_file_error(kind: str, tmp_path: Path) -> None:
    whole = (DATA / f"tensors_{kind}.pth").read_bytes()
    dice = random.Random(20)
    for _ in range(600):
        damaged = bytearray(whole)
        damaged[dice.randrange(len(whole))] = dice.randrange(256)
        (tmp_path / "flip.pth").write_bytes(damaged)
        try:
            arrays = read_pickled(tmp_path / "flip.pth")
        except FileError as error:
            assert "\n" not in str(error)
        else:
            assert sum(array.nbytes for array in arrays.values()) <= len(whole)


def test_a_damaged_number_in_a_zip_is_noticed(tmp_path: Path) -> None:
    whole = (DATA / "tensors_zip.pth").read_bytes()
    place = whole.index(WHOLE.tobytes())
    (tmp_path / "bad.pth").write_bytes(whole[:place] + b"\x01" + whole[place + 1 :])
    with pytest.raises(FileError, match="checksum of"):
        read_pickled(tmp_path / "bad.pth")


# --- files by hand -----------------------------------------------------------------------------

OPEN = b"\x80\x02}"  # protocol 2, an empty dictionary
CLOSE = b"."


def text(value: str) -> bytes:
    return b"X" + struct.pack("<I", len(value.encode())) + value.encode()


def integer(value: int) -> bytes:
    return pickle.dumps(value, 2)[2:-1]


def storage(count: int, kind: bytes = b"ctorch\nFloatStorage\n", key: str = "0") -> bytes:
    return b"(" + text("storage") + kind + text(key) + text("cpu") + integer(count) + b"tQ"


def tensor(
    count: int = 6,
    offset: int = 0,
    shape: tuple[int, ...] = (2, 3),
    strides: tuple[int, ...] = (3, 1),
    extra: bytes = b"",
    kind: bytes = b"ctorch\nFloatStorage\n",
) -> bytes:
    sizes = b"".join(b"(" + b"".join(map(integer, row)) + b"t" for row in (shape, strides))
    hooks = b"\x89" + b"ccollections\nOrderedDict\n)R"
    arguments = storage(count, kind) + integer(offset) + sizes + hooks + extra
    return b"ctorch._utils\n_rebuild_tensor_v2\n(" + arguments + b"tR"


def with_item(value: bytes, name: bytes = b"") -> bytes:
    return OPEN + (name or text("a")) + value + b"s" + CLOSE


def zip_file(path: Path, program: bytes, **entries: bytes) -> Path:
    data = entries or {"data/0": numpy.arange(6, dtype=numpy.float32).tobytes()}
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", program)
        for name, content in data.items():
            archive.writestr(f"archive/{name}", content)
    return path


def legacy_file(path: Path, program: bytes, **entries: bytes) -> Path:
    machine = {"protocol_version": PROTOCOL, "little_endian": True, "type_sizes": {}}
    head = b"".join(pickle.dumps(value, 2) for value in (MAGIC, PROTOCOL, machine))
    body = numpy.arange(6, dtype=numpy.float32).tobytes()
    path.write_bytes(head + program + pickle.dumps(["0"], 2) + struct.pack("<q", 6) + body)
    return path


WRITERS: tuple[Callable[..., Path], ...] = (zip_file, legacy_file)


@pytest.mark.parametrize("write", WRITERS)
def test_hand_written_file_is_read(write: Callable[..., Path], tmp_path: Path) -> None:
    found = read_pickled(write(tmp_path / "a.pth", with_item(tensor())))
    numpy.testing.assert_array_equal(found["a"], numpy.arange(6.0).reshape(2, 3))


@pytest.mark.parametrize("write", WRITERS)
def test_old_views_of_a_storage_are_read(write: Callable[..., Path], tmp_path: Path) -> None:
    view = b"(" + text("v") + integer(2) + integer(3) + b"t"
    whole = storage(6)[:-2] + view + b"tQ"
    program = tensor(shape=(3,), strides=(1,)).replace(storage(6), whole)
    found = read_pickled(write(tmp_path / "a.pth", with_item(program)))
    numpy.testing.assert_array_equal(found["a"], [2, 3, 4])


def test_attributes_of_an_ordered_dict_are_dropped(tmp_path: Path) -> None:
    metadata = b"}" + text("items") + integer(1) + b"sb"
    found = read_pickled(
        zip_file(tmp_path / "a.pth", OPEN + text("a") + tensor() + b"s" + metadata + CLOSE)
    )
    assert found["a"].shape == (2, 3)


def test_a_bool_is_0_or_1_whatever_the_byte(tmp_path: Path) -> None:
    program = with_item(tensor(3, 0, (3,), (1,), kind=b"ctorch\nBoolStorage\n"))
    found = read_pickled(zip_file(tmp_path / "a.pth", program, **{"data/0": b"\x00\x01\xff"}))
    assert found["a"].view(numpy.uint8).tolist() == [0, 1, 1]


# --- hostile pickles ---------------------------------------------------------------------------


class Runs:
    """An object whose pickle runs `function(*arguments)`."""

    def __init__(self, function: Any, *arguments: object) -> None:
        self.reduced = (function, arguments)

    def __reduce__(self) -> Any:
        return self.reduced


def touch(canary: Path) -> bytes:
    return text(f"touch {canary}")


def by_global(module: str, name: str) -> Callable[[Path], bytes]:
    return lambda canary: f"c{module}\n{name}\n(".encode() + touch(canary) + b"tR"


def by_stack(canary: Path) -> bytes:
    return text("posix") + text("system") + b"\x93(" + touch(canary) + b"tR"


def by_inst(canary: Path) -> bytes:
    return b"(" + touch(canary) + b"ios\nsystem\n"


def by_obj(canary: Path) -> bytes:
    return b"(cos\nsystem\n" + touch(canary) + b"o"


def by_newobj(canary: Path) -> bytes:
    return b"csubprocess\nPopen\n(" + touch(canary) + b"t\x81"


def by_getattr(canary: Path) -> bytes:
    found = b"cbuiltins\ngetattr\n(cos\npath\n" + text("os") + b"tR"
    return b"cbuiltins\ngetattr\n(" + found + text("system") + b"tR(" + touch(canary) + b"tR"


def by_dotted_name(canary: Path) -> bytes:
    return text("torch") + text("serialization.os.system") + b"\x93(" + touch(canary) + b"tR"


def by_build(canary: Path) -> bytes:
    state = b"}" + text("__setstate__") + b"cos\nsystem\nsb"
    return b"ccollections\nOrderedDict\n)R" + state + touch(canary) + b"b"


def by_build_on_a_tensor(_: Path) -> bytes:
    return tensor() + b"}" + text("shape") + integer(1) + b"sb"


def by_build_on_a_function(_: Path) -> bytes:
    return b"ctorch._utils\n_rebuild_parameter\n}" + text("__code__") + integer(1) + b"sb"


def by_call_of_a_record(canary: Path) -> bytes:
    return tensor() + b"(" + touch(canary) + b"tR"


def by_persistent_id(canary: Path) -> bytes:
    return b"(" + text("module") + b"cos\nsystem\n" + touch(canary) + b"tQ"


def by_nested_persistent_id(_: Path) -> bytes:
    return b"(" + text("storage") + storage(6) + text("0") + text("cpu") + integer(6) + b"tQ"


def by_whole_pickle(canary: Path) -> bytes:
    return pickle.dumps(Runs(exec, f"open({str(canary)!r}, 'w')"), 2)[2:-1]


HOSTILE: dict[str, tuple[Callable[[Path], bytes], str]] = {
    "os.system": (by_global("os", "system"), "names os.system, which is not a tensor"),
    "builtins.eval": (by_global("builtins", "eval"), "names builtins.eval"),
    "python 2 name": (by_global("__builtin__", "eval"), "names __builtin__.eval"),
    "nested load": (by_global("torch.storage", "_load_from_bytes"), "_load_from_bytes"),
    "line break": (by_global("os\x0bx", "sys\rtem"), r"names os\\x0bx.sys\\rtem"),
    "stack global": (by_stack, "names posix.system"),
    "inst": (by_inst, "uses INST"),
    "obj": (by_obj, "names os.system"),
    "newobj": (by_newobj, "names subprocess.Popen"),
    "getattr": (by_getattr, "names builtins.getattr"),
    "dotted": (by_dotted_name, "names torch.serialization.os.system"),
    "build": (by_build, "names os.system"),
    "build tensor": (by_build_on_a_tensor, "sets attributes"),
    "build function": (by_build_on_a_function, "sets attributes"),
    "call of a record": (by_call_of_a_record, "calls something not a tensor"),
    "persistent id": (by_persistent_id, "names os.system"),
    "nested persistent id": (by_nested_persistent_id, "not a storage"),
    "extension 1": (lambda _: b"\x82\x01", "uses EXT1"),
    "extension 2": (lambda _: b"\x83\x01\x00", "uses EXT2"),
    "extension 4": (lambda _: b"\x84\x01\x00\x00\x00", "uses EXT4"),
    "out-of-band buffer": (lambda _: b"\x97", "uses NEXT_BUFFER"),
    "huge bytearray": (lambda _: b"\x96" + struct.pack("<Q", 2**62), "uses BYTEARRAY8"),
    "unknown instruction": (lambda _: b"\xff", "uses 0xff"),
    "whole pickle": (by_whole_pickle, "names __builtin__.exec"),
}


@pytest.mark.parametrize("write", WRITERS)
@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_pickle_is_refused_and_not_run(
    case: str, write: Callable[..., Path], tmp_path: Path
) -> None:
    build, message = HOSTILE[case]
    canary = tmp_path / "canary"
    path = write(tmp_path / "bad.pth", with_item(build(canary)))
    with pytest.raises(FileError, match=message) as caught:
        read_pickled(path)
    assert not canary.exists()
    assert str(caught.value).startswith(f"{path}: ") and len(str(caught.value).splitlines()) == 1


def test_the_canary_does_die_in_a_free_unpickler(tmp_path: Path) -> None:
    """The hostile pickles above are real: Python's own unpickler runs them."""
    canary = tmp_path / "canary"
    pickle.loads(with_item(by_stack(canary)))
    assert canary.exists()


def test_extension_code_in_the_cache_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(vars(copyreg)["_extension_cache"], 1, print)
    with pytest.raises(FileError, match="uses EXT1"):
        read_pickled(zip_file(tmp_path / "bad.pth", with_item(b"\x82\x01")))


SIZES: dict[str, tuple[bytes, str]] = {
    "beyond the storage": (tensor(shape=(3, 3)), "larger than its storage of 6"),
    "offset beyond": (tensor(offset=1), "from 1 is larger"),
    "huge offset": (tensor(offset=2**70), "negative, huge"),
    "negative offset": (tensor(offset=-1), "negative, huge"),
    "negative size": (tensor(shape=(-2, -3)), "negative, huge"),
    "negative stride": (tensor(offset=5, strides=(-3, -1)), "negative, huge"),
    "huge stride": (tensor(strides=(2**59, 1)), "larger than its storage of 6"),
    "free repetition": (tensor(shape=(2**40,), strides=(0,)), "larger than its storage of 6"),
    "many dimensions": (tensor(shape=(1,) * 65, strides=(1,) * 65), "65 dimensions"),
    "sizes without strides": (tensor(strides=(1,)), "do not pair up"),
    "huge count": (tensor(count=2**50), "storage 0 has"),
    "wrong count": (tensor(count=7), "storage 0 has"),
    "negative count": (tensor(count=-6), "negative, huge"),
    "lazy conjugate": (tensor(extra=b"}" + text("conj") + b"\x88s"), "lazily conjugated"),
    "quantised": (tensor(kind=b"ctorch\nQInt8Storage\n"), "names torch.QInt8Storage"),
    "no storage": (b"ctorch._utils\n_rebuild_tensor_v2\n(NK\x00)N\x89NtR", "without a storage"),
    "no arguments": (b"ctorch._utils\n_rebuild_tensor_v2\n)R", "missing 4"),
    "parameter of nothing": (b"ctorch._utils\n_rebuild_parameter\n(NK\x00NtR", "not a tensor"),
    "size of texts": (b"ctorch\nSize\n((" + text("a") + b"ttR", "not a number"),
    "list as key": (b"ccollections\nOrderedDict\n(((]NtttR", "key of type list"),
    "two types": (b"(" + tensor() + tensor(kind=b"ctorch\nIntStorage\n") + b"t", "two types"),
}


@pytest.mark.parametrize("write", WRITERS)
@pytest.mark.parametrize("case", SIZES)
def test_impossible_size_is_an_error(case: str, write: Callable[..., Path], tmp_path: Path) -> None:
    value, message = SIZES[case]
    with pytest.raises(FileError, match=message):
        read_pickled(write(tmp_path / "bad.pth", with_item(value)))


def test_a_key_nested_too_deep_to_hash_is_refused(tmp_path: Path) -> None:
    deep = b")" + b"\x85" * 1_000_000
    with pytest.raises(FileError, match="key of type tuple"):
        read_pickled(zip_file(tmp_path / "bad.pth", with_item(integer(1), name=deep)))


def test_a_huge_memo_number_costs_no_memory(tmp_path: Path) -> None:
    value = tensor() + b"r\xff\xff\xff\x7f"
    assert read_pickled(zip_file(tmp_path / "a.pth", with_item(value)))["a"].shape == (2, 3)


# --- files of other kinds ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "empty"),
        (b"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
        (b"<!DOCTYPE html>", "web page"),
        (b"hello", "not a PyTorch file"),
        (b"a" * 257 + b"ustar" + b"\0" * 300, "tar format"),
        (pickle.dumps({"a": 1}, 2), "not one that torch.save wrote"),
        (b"PK\x03\x04" + b"\0" * 100, "truncated or damaged"),
    ],
)
def test_other_kinds_are_named(content: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / "a.pth").write_bytes(content)
    with pytest.raises(FileError, match=message):
        read_pickled(tmp_path / "a.pth")


def test_missing_file_and_folder(tmp_path: Path) -> None:
    for path in (tmp_path / "none.pth", tmp_path):
        with pytest.raises(FileError, match="no such file"):
            read_pickled(path)


@pytest.mark.parametrize(
    ("value", "message"),
    [(integer(3), "no mapping"), (b"}", "no mapping"), (b"]", "no mapping")],
)
def test_file_without_tensors(value: bytes, message: str, tmp_path: Path) -> None:
    with pytest.raises(FileError, match=message):
        read_pickled(zip_file(tmp_path / "a.pth", with_item(value)))


def test_zip_on_a_big_endian_machine(tmp_path: Path) -> None:
    entries = {"byteorder": b"big", "data/0": bytes(24)}
    with pytest.raises(FileError, match="big-endian"):
        read_pickled(zip_file(tmp_path / "a.pth", with_item(tensor()), **entries))


def test_torchscript_and_two_pickles(tmp_path: Path) -> None:
    program = with_item(tensor())
    with pytest.raises(FileError, match="TorchScript"):
        read_pickled(zip_file(tmp_path / "a.pth", program, **{"constants.pkl": b""}))
    with zipfile.ZipFile(tmp_path / "b.pth", "w") as archive:
        archive.writestr("one/data.pkl", program)
        archive.writestr("two/data.pkl", program)
    with pytest.raises(FileError, match="without one"):
        read_pickled(tmp_path / "b.pth")


def test_compressed_entries_are_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.pth", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", with_item(tensor()))
        archive.writestr("archive/data/0", bytes(24))
    with pytest.raises(FileError, match="compressed"):
        read_pickled(tmp_path / "a.pth")


def test_a_pickle_beyond_the_limit_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=f"a pickle of {PICKLE_LIMIT_BYTES + 1} bytes"):
        read_pickled(zip_file(tmp_path / "a.pth", b"]" * (PICKLE_LIMIT_BYTES + 1)))


def test_storage_shorter_or_longer_than_declared(tmp_path: Path) -> None:
    for size in (0, 23, 28):
        path = zip_file(tmp_path / "a.pth", with_item(tensor()), **{"data/0": bytes(size)})
        with pytest.raises(FileError, match=f"has {size} bytes, not 24"):
            read_pickled(path)


def test_legacy_storage_list_must_be_what_the_tensors_use(tmp_path: Path) -> None:
    path = legacy_file(tmp_path / "a.pth", with_item(tensor()))
    for keys in (["1"], [], ["0", "0"], {"0": 1}, [0]):
        other = path.read_bytes().replace(pickle.dumps(["0"], 2), pickle.dumps(keys, 2))
        (tmp_path / "b.pth").write_bytes(other)
        with pytest.raises(FileError):
            read_pickled(tmp_path / "b.pth")


def test_prefix_is_dropped_only_where_every_name_has_it(tmp_path: Path) -> None:
    both = OPEN + text("module.a") + tensor() + b"s" + text("b") + tensor() + b"s" + CLOSE
    assert list(read_pickled(zip_file(tmp_path / "a.pth", both))) == ["module.a", "b"]


def test_python_pickles_of_ordered_dicts_come_with_pairs(tmp_path: Path) -> None:
    """Python 2 stored an OrderedDict as a list of pairs."""
    pair = b"]" + text("a") + b"a" + tensor() + b"a"
    program = b"\x80\x02ccollections\nOrderedDict\n(]" + pair + b"atR."
    assert list(read_pickled(zip_file(tmp_path / "a.pth", program))) == ["a"]
    empty = io.BytesIO(pickle.dumps(collections.OrderedDict(), 2)).getvalue()
    with pytest.raises(FileError, match="no mapping"):
        read_pickled(zip_file(tmp_path / "b.pth", empty))


def test_published_mobilenet() -> None:
    try:
        path = mobilenet_v2()
    except FileError as error:
        pytest.skip(str(error))
    found = read_pickled(path)
    assert len(found) == 314
    assert found["features.0.0.weight"].shape == (32, 3, 3, 3)
    assert found["classifier.1.weight"].shape == (1000, 1280)
    assert found["features.0.1.num_batches_tracked"].dtype == numpy.int64
    assert all(numpy.isfinite(array).all() for array in found.values())
    assert min(a.min() for n, a in found.items() if n.endswith("running_var")) >= 0
