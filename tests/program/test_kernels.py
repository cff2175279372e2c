"""Operators that state kernels: libraries built here by g++, loaded, compared, exported, saved."""

from __future__ import annotations

import json
import re
import shutil
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy
import pytest
from backends import each_runtime
from kernel_libraries import built

import isthmus as im
from isthmus import np
from isthmus.errors import FileError, UsageError
from isthmus.extend import Kernel, check_kernels, composite, elementwise, primitive
from isthmus.trace.op import OPERATORS

DEVICES = {"cpu": None, "gpu": "cpu"}
X = numpy.array([[-3, -0.5, 0.25], [0.5, 0.75, numpy.nan]], numpy.float32)
NAME = "kernels.soft_shrink"


def shrunk(x: Any, lambd: float) -> Any:
    """x - lambd above lambd, x + lambd below -lambd, else 0; of NaN 0."""
    step = x.dtype.type(lambd)
    return numpy.where(x > step, x - step, numpy.where(x < -step, x + step, x.dtype.type(0)))


def operator(libraries: dict[str, str], operation: str = "SoftShrink", **facts: Any) -> Any:
    """A primitive with a kernel of each library, by backend."""
    kernels = {name: Kernel(path, operation, "my.ops", **facts) for name, path in libraries.items()}

    @primitive(infer=elementwise, name=NAME, kernels=kernels)
    def soft_shrink(x: Any, /, *, lambd: float = 0.5) -> Any:
        return shrunk(x, lambd)

    return soft_shrink


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    yield
    for name in [name for name in OPERATORS if name.startswith("kernels.")]:
        del OPERATORS[name]


def compiled(op: Any, backend: str, shape: Any = ("n", 3), **options: Any) -> im.Executable:
    return im.compile(
        op, im.spec("float32", shape), backend=backend, device=DEVICES[backend], threads=1,
        **options,
    )  # fmt: skip


def one(backend: str, operation: str = "SoftShrink", **facts: Any) -> Any:
    return operator({backend: built(backend)}, operation, **facts)


@each_runtime
@pytest.mark.parametrize("shape", [("n", 3), (2, 3), ("n", "m")], ids=str)
def test_a_kernel_computes_what_the_body_computes(backend: str, shape: Any) -> None:
    run = compiled(one(backend), backend, shape, on_host="error")
    assert [segment.on_host for segment in run.segments] == [False]
    for _ in range(2):
        numpy.testing.assert_array_equal(run(X), shrunk(X, 0.5))
    numpy.testing.assert_array_equal(X[1, 1], numpy.float32(0.75))


@each_runtime
def test_large_arrays_other_sizes_and_no_elements(backend: str) -> None:
    run = compiled(one(backend), backend, ("n",))
    for size in (2**22 + 3, 1, 0, 7):
        x = numpy.linspace(-2, 2, size).astype(numpy.float32)
        numpy.testing.assert_array_equal(run(x), shrunk(x, 0.5))


@each_runtime
def test_attributes_reach_it(backend: str) -> None:
    op = one(backend)
    run = compiled(lambda x: op(x, lambd=0.125) + op(x, lambd=2.0), backend, on_host="error")
    numpy.testing.assert_array_equal(run(X), shrunk(X, 0.125) + shrunk(X, 2.0))


@each_runtime
def test_explain_names_the_library(backend: str) -> None:
    said = compiled(one(backend), backend).explain()
    assert f"{NAME} is my.ops.SoftShrink of {built(backend)}" in said


@each_runtime
def test_between_other_operators_in_one_segment_and_bound(backend: str) -> None:
    op = one(backend)
    run = compiled(lambda x: np.tanh(op(2 * x)) + 1, backend, on_host="error")
    wanted = numpy.tanh(shrunk(2 * X, 0.5)) + 1
    numpy.testing.assert_allclose(run(X), wanted, rtol=1e-6, atol=1e-6)
    numpy.testing.assert_allclose(run.bind(X.copy())(), wanted, rtol=1e-6, atol=1e-6)


@each_runtime
def test_a_composite_is_the_kernel_where_there_is_one(backend: str) -> None:
    kernels = {backend: Kernel(built(backend), "SoftShrink", "my.ops")}

    @composite(name=NAME, kernels=kernels)
    def soft_shrink(x: Any, /, *, lambd: float = 0.5) -> Any:
        return np.where(x > lambd, x - lambd, np.where(x < -lambd, x + lambd, 0.0))

    x = X[:1]
    run = compiled(soft_shrink, backend, on_host="error")
    assert "my.ops.SoftShrink" in run.explain()
    numpy.testing.assert_array_equal(run(x), shrunk(x, 0.5))
    expanded = compiled(soft_shrink, {"cpu": "gpu", "gpu": "cpu"}[backend], on_host="error")
    assert "my.ops" not in expanded.explain()
    numpy.testing.assert_array_equal(expanded(x), shrunk(x, 0.5))


@each_runtime
def test_half_precision_leaves_the_kernel_in_float32(backend: str) -> None:
    op = one(backend)
    weight = numpy.eye(3, dtype=numpy.float32)
    precision = "f16" if backend == "gpu" else "bf16"
    try:
        run = compiled(lambda x: op(x @ weight), backend, precision=precision)
    except UsageError as problem:
        pytest.skip(str(problem))
    x = X[:1] * 64
    numpy.testing.assert_allclose(run(x), shrunk(x, 0.5), rtol=2e-2)
    assert run(x).dtype == numpy.float32


# Where there is no library, or no kernel for the types


@each_runtime
def test_without_the_library_the_body_runs(backend: str, tmp_path: Path) -> None:
    op = operator({backend: str(tmp_path / "absent.so")})
    run = compiled(op, backend)
    numpy.testing.assert_array_equal(run(X), shrunk(X, 0.5))
    said = f"{NAME}: the library of its kernel, {tmp_path}/absent.so, is not there"
    assert said in run.explain()
    with pytest.raises(UsageError, match="is not there"):
        compiled(op, backend, on_host="error")


@each_runtime
def test_other_dtypes_and_named_sizes_as_attributes_are_the_bodys(backend: str) -> None:
    op = one(backend)
    run = im.compile(op, im.spec("float64", ["n"]), backend=backend, device=DEVICES[backend])
    x = numpy.array([-1.5, 0.25])
    numpy.testing.assert_array_equal(run(x), shrunk(x, 0.5))
    assert "its kernel does not take float64" in run.explain()


def test_a_kernel_for_another_device_or_backend_is_not_used() -> None:
    op = operator({"gpu": built("gpu")}, devices=("cuda",))
    assert "is not for device 'cpu'" in compiled(op, "gpu").explain()
    assert "OpenVINO has no such operator" in compiled(op, "cpu").explain()


# Wrong libraries


def refusal(op: Any, backend: str, shape: Any = ("n", 3)) -> str:
    with pytest.raises(UsageError) as raised:
        compiled(op, backend, shape)
    said = str(raised.value)
    assert "\n" not in said and said.startswith(f"{NAME}: its {backend} kernel my.ops.")
    assert "Traceback" not in said
    return said


@each_runtime
@pytest.mark.parametrize(
    ("operation", "said"),
    [
        ("OtherNumbers", r"computes something else than the body: \S+ where it is \S+ for float32"),
        ("OtherAtTheEnd", "computes something else than the body: 0 where it is"),
        ("OtherNan", "computes something else than the body: nan where it is 0"),
        ("OtherShape", "is refused: .*|gives float32.* of which the body makes"),
        ("Crashing", "ended the process that tried it: SIGSEGV"),
        ("Absent", "is refused: .*Absent"),
    ],
)
def test_a_kernel_that_is_wrong(backend: str, operation: str, said: str) -> None:
    assert re.search(said, refusal(one(backend, operation), backend))


@each_runtime
def test_the_same_kernel_is_refused_again(backend: str) -> None:
    op = one(backend, "OtherNumbers")
    assert refusal(op, backend) == refusal(op, backend)


@each_runtime
@pytest.mark.parametrize("content", [b"", b"no library", b"\x7fELF" + bytes(200)], ids=len)
def test_a_file_that_is_no_library(backend: str, content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "wrong.so"
    path.write_bytes(content)
    assert "is refused:" in refusal(operator({backend: str(path)}), backend)


@each_runtime
def test_a_library_of_something_else(backend: str) -> None:
    other = {"cpu": "gpu", "gpu": "cpu"}[backend]
    assert "is refused:" in refusal(operator({backend: built(other)}), backend)


def test_a_library_for_a_runtime_that_is_not_there_yet() -> None:
    said = refusal(operator({"gpu": built("gpu", "TOO_NEW")}), "gpu")
    assert "ended the process that tried it: SIGSEGV" in said


@each_runtime
def test_the_domain_is_another(backend: str) -> None:
    kernels = {backend: Kernel(built(backend), "SoftShrink", "other.ops")}

    @primitive(infer=elementwise, name=NAME, kernels=kernels)
    def soft_shrink(x: Any, /, *, lambd: float = 0.5) -> Any:
        return shrunk(x, lambd)

    with pytest.raises(UsageError, match=r"is refused: .*other\.ops"):
        compiled(soft_shrink, backend)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Kernel(3, "A", "b"), "library=3; give the path"),  # type: ignore[arg-type]
        (lambda: Kernel("a.so", "", "b"), "operation=''; give a text"),
        (lambda: Kernel("a.so", "A", ""), "domain=''; give a text"),
        (lambda: Kernel("a.so", "A", "b", version=0), "version=0; give a whole number"),
        (lambda: Kernel("a.so", "A", "b", dtypes="float32"), "dtypes='float32'; give a tuple"),
        (lambda: Kernel("a.so", "A", "b", dtypes=("float33",)), "'float33' is no dtype"),
        (lambda: primitive(infer=elementwise, kernels={"cpu": "a.so"}), "give a dict from"),
        (lambda: composite(kernels=[]), "give a dict from"),
    ],
)
def test_what_is_stated_wrong(make: Callable[[], Any], said: str) -> None:
    with pytest.raises(UsageError) as raised:
        make()
    assert said in str(raised.value) and "\n" not in str(raised.value)


@each_runtime
def test_kernels_are_checked_on_operands_that_are_given(backend: str) -> None:
    assert check_kernels(one(backend), X) == [backend]
    assert check_kernels(one(backend), X, lambd=0.25) == [backend]
    with pytest.raises(UsageError, match="computes something else"):
        check_kernels(one(backend, "OtherNan"), X)
    assert check_kernels(one(backend, "OtherNan"), X[:1]) == [backend]


# Files


def exported(op: Any, path: Path, shape: Any = ("n", 3)) -> None:
    with pytest.warns(UserWarning, match=f"{path.name} needs my.ops.SoftShrink of /.*register"):
        im.export(lambda x: np.tanh(op(x)), im.spec("float32", shape), path)


def test_an_onnx_file_names_domain_and_version(tmp_path: Path) -> None:
    onnx = pytest.importorskip("onnx")
    runtime = pytest.importorskip("onnxruntime")
    path = tmp_path / "net.onnx"
    exported(one("gpu", version=3), path)
    model = onnx.load(path)
    assert {o.domain: o.version for o in model.opset_import}["my.ops"] == 3
    assert (model.graph.node[0].domain, model.graph.node[0].op_type) == ("my.ops", "SoftShrink")
    assert "register the library" in model.doc_string
    (needed,) = json.loads({p.key: p.value for p in model.metadata_props}["isthmus.kernels"])
    assert needed["library"] == Path(built("gpu")).name and len(needed["sha256"]) == 64
    settings = runtime.SessionOptions()
    settings.log_severity_level = 4
    with pytest.raises(Exception, match=r"my\.ops"):
        runtime.InferenceSession(path, settings, providers=["CPUExecutionProvider"])
    settings.register_custom_ops_library(built("gpu"))
    session = runtime.InferenceSession(path, settings, providers=["CPUExecutionProvider"])
    (found,) = session.run(None, {"x": X})
    numpy.testing.assert_allclose(found, numpy.tanh(shrunk(X, 0.5)), rtol=1e-6)


def test_an_ir_file_is_read_with_the_extension(tmp_path: Path) -> None:
    openvino = pytest.importorskip("openvino")
    path = tmp_path / "net.xml"
    exported(one("cpu"), path)
    text = path.read_text()
    assert 'version="my.ops"' in text and Path(built("cpu")).name in text
    with pytest.raises(RuntimeError, match="SoftShrink"):
        openvino.Core().read_model(path)
    core = openvino.Core()
    core.add_extension(built("cpu"))
    run = core.compile_model(core.read_model(path), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    numpy.testing.assert_allclose(run(X)[0], numpy.tanh(shrunk(X, 0.5)), rtol=1e-6)


def test_without_the_library_nothing_is_exported(tmp_path: Path) -> None:
    op = operator({"gpu": str(tmp_path / "absent.so")})
    with pytest.raises(UsageError, match="is not there"):
        im.export(op, im.spec("float32", [3]), tmp_path / "net.onnx")
    assert list(tmp_path.iterdir()) == []


@each_runtime
def test_a_saved_program_holds_its_library_to_a_checksum(backend: str, tmp_path: Path) -> None:
    library, path = tmp_path / "lib.so", tmp_path / "net.im"
    shutil.copy(built(backend), library)
    op = operator({backend: str(library)})
    compiled(lambda x: np.tanh(op(x)), backend).save(path)
    options: Any = {"backend": backend, "device": DEVICES[backend]}
    wanted = numpy.tanh(shrunk(X, 0.5))
    numpy.testing.assert_allclose(im.load(path, **options)(X), wanted, rtol=1e-6)
    replace(library, library.read_bytes() + b"\0")
    with pytest.raises(FileError, match=f"library of '{NAME}' is another than it was saved with"):
        im.load(path, **options)
    library.unlink()
    with pytest.raises(FileError) as raised:
        im.load(path, **options)
    said = str(raised.value)
    assert said.startswith(f"{path}: ") and f"is missing: {library}" in said and "\n" not in said
    numpy.testing.assert_allclose(im.load(path, backend="numpy")(X), wanted, rtol=1e-6)
    replace(library, Path(built(backend)).read_bytes())
    numpy.testing.assert_allclose(im.load(path, **options)(X), wanted, rtol=1e-6)


def replace(path: Path, content: bytes) -> None:
    """Another file in its place, as installers write it: what is loaded stays as it is."""
    beside = path.with_suffix(".new")
    beside.write_bytes(content)
    beside.replace(path)


@each_runtime
def test_a_library_that_changes_while_it_is_loaded(backend: str, tmp_path: Path) -> None:
    library = tmp_path / "lib.so"
    shutil.copy(built(backend), library)
    op = operator({backend: str(library)})
    run = compiled(op, backend)
    replace(library, library.read_bytes() + b"\0")
    with pytest.raises(UsageError, match="was written since this process loaded it; start it"):
        compiled(op, backend)
    numpy.testing.assert_array_equal(run(X), shrunk(X, 0.5))


def test_a_program_without_kernels_names_none(tmp_path: Path) -> None:
    op = operator({"cpu": str(tmp_path / "absent.so")})
    path = tmp_path / "net.im"
    compiled(op, "cpu").save(path)
    from isthmus.program.archive import opened

    assert opened(path).libraries is None
    with warnings.catch_warnings():
        numpy.testing.assert_array_equal(im.load(path)(X), shrunk(X, 0.5))


@each_runtime
def test_another_body_under_the_same_name_is_compared_anew(backend: str) -> None:
    """What was tried was the kernel and that body; a notebook defines an operator many times."""
    assert compiled(one(backend), backend)(X) is not None
    kernels = {backend: Kernel(built(backend), "SoftShrink", "my.ops")}

    @primitive(infer=elementwise, name=NAME, kernels=kernels)
    def soft_shrink(x: Any, /, *, lambd: float = 0.5) -> Any:
        return shrunk(x, 2 * lambd)

    assert "computes something else" in refusal(soft_shrink, backend)
