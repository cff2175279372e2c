"""scikit-learn's own `predict`, traced, exported and run without scikit-learn:

    import os

    os.environ["SCIPY_ARRAY_API"] = "1"  # before anything imports SciPy

    import isthmus
    import onnxruntime
    import sklearn
    from sklearn.datasets import load_digits
    from sklearn.decomposition import PCA
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
    from sklearn.pipeline import make_pipeline

    images, digits = load_digits(return_X_y=True)
    images = images.astype("float32")
    xp = isthmus.namespace("cpu")
    model = make_pipeline(PCA(24, svd_solver="full"), LinearDiscriminantAnalysis())
    with sklearn.config_context(array_api_dispatch=True, assume_finite=True):
        model.fit(xp.asarray(images[:1200]), xp.asarray(digits[:1200]))
        spec = isthmus.spec("float32", ["n", 64])
        isthmus.export(model.predict, spec, "digits.onnx", constraints=["n >= 1"])

    session = onnxruntime.InferenceSession("digits.onnx")
    (found,) = session.run(None, {"X": images[1200:]})
    print((found == digits[1200:]).mean())

`assume_finite` says that elements are not to be looked at, which a traced array does not have;
the constraint answers scikit-learn's question whether there is a row. The loop, the validation
and the arithmetic are scikit-learn's, for any number of rows.
"""

from __future__ import annotations

import os

os.environ["SCIPY_ARRAY_API"] = "1"  # before anything imports SciPy

import subprocess
import sys
import textwrap
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy
import pytest
import sklearn
from sklearn.datasets import load_digits, load_iris
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.kernel_approximation import Nystroem
from sklearn.linear_model import LogisticRegression, PoissonRegressor, Ridge, RidgeClassifier
from sklearn.mixture import GaussianMixture
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    Binarizer,
    KernelCenterer,
    MaxAbsScaler,
    MinMaxScaler,
    Normalizer,
    PolynomialFeatures,
    StandardScaler,
)

import isthmus
from isthmus.errors import DimensionError, UsageError
from isthmus.trace.array import Array

IMAGES, DIGITS = load_digits(return_X_y=True)
IMAGES = IMAGES.astype(numpy.float32)
TRAINED = 1200
TEST = IMAGES[TRAINED:]
SPEC = isthmus.spec("float32", ["n", 64])
ROWS = ["n >= 1"]


def dispatching() -> Any:
    return sklearn.config_context(array_api_dispatch=True, assume_finite=True)


def fitted(put: Callable[[Any], Any]) -> Any:
    steps = StandardScaler(), PCA(24, svd_solver="full"), LinearDiscriminantAnalysis()
    return make_pipeline(*steps).fit(put(IMAGES[:TRAINED]), put(DIGITS[:TRAINED]))


@cache
def by_numpy() -> Any:
    """scikit-learn's own labels and decision values of the test split.

    The values as it computes them for the Array API: otherwise it fits NumPy's float32 data with
    other routines, whose rounding moves a value of 44 by up to 3e-4, and no label.
    """
    labels = fitted(numpy.asarray).predict(TEST)
    with dispatching():
        return labels, fitted(numpy.asarray).decision_function(TEST)


@cache
def by_namespace(name: str = "cpu") -> Any:
    with dispatching():
        return fitted(isthmus.namespace(name, device="cpu" if name == "gpu" else None).asarray)


def answers(model: Any) -> Callable[[Any], Any]:
    def answer(images: Any) -> Any:
        with dispatching():
            return {"label": model.predict(images), "decision": model.decision_function(images)}

    return answer


def check(label: Any, decision: Any, rows: slice = slice(None)) -> None:
    labels, decisions = by_numpy()
    assert label.dtype == labels.dtype and (label == labels[rows]).all()
    numpy.testing.assert_allclose(decision, decisions[rows], rtol=0, atol=1e-4)


@pytest.mark.parametrize("name", ["numpy", "cpu", "gpu"])
def test_the_pipeline_is_fitted_on_a_namespace(name: str) -> None:
    if name == "gpu":
        pytest.importorskip("onnxruntime")
    model = by_namespace(name)
    scaler, components, classifier = (step for _, step in model.steps)
    for array in (scaler.scale_, components.components_, classifier.coef_, classifier.classes_):
        assert isinstance(array, Array) and str(array.device) == name
    xp = scaler.scale_.__array_namespace__()
    with dispatching():
        label, decision = model.predict(xp.asarray(TEST)), model.decision_function(xp.asarray(TEST))
    assert str(label.device) == str(decision.device) == name
    check(numpy.asarray(label), numpy.asarray(decision))


@pytest.mark.parametrize("name", ["numpy", "cpu"])
def test_predict_is_traced_for_any_number_of_rows(
    name: str, device_backend: dict[str, Any]
) -> None:
    run = isthmus.compile(
        answers(by_namespace(name)), SPEC, constraints=ROWS, on_host="error", **device_backend
    )
    for rows in (slice(None), slice(0, 1), slice(5, 42)):
        check(**run(TEST[rows]), rows=rows)
    with pytest.raises(UsageError, match="n >= 1"):
        run(TEST[:0])


def test_the_number_of_rows_may_be_given() -> None:
    run = isthmus.compile(answers(by_namespace()), isthmus.spec("float32", [42, 64]))
    check(**run(TEST[:42]), rows=slice(42))


def test_scikit_learn_is_not_told_that_there_is_a_row() -> None:
    with pytest.raises(DimensionError, match="'n < 1' is not decided"):
        isthmus.trace(answers(by_namespace()), SPEC)


def test_onnx_file(tmp_path: Path) -> None:
    onnxruntime = pytest.importorskip("onnxruntime")
    file = tmp_path / "digits.onnx"
    isthmus.export(answers(by_namespace()), SPEC, file, constraints=ROWS)
    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    assert [tuple(each.shape) for each in session.get_inputs()] == [("n", 64)]
    for rows in (slice(None), slice(7, 8)):
        label, decision = session.run(["label", "decision"], {"images": TEST[rows]})
        check(label, decision, rows)


def test_openvino_file(tmp_path: Path) -> None:
    import openvino

    file = tmp_path / "digits.xml"
    isthmus.export(answers(by_namespace()), SPEC, file, constraints=ROWS)
    program = openvino.Core().compile_model(file, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    for rows in (slice(None), slice(7, 8)):
        found = program({"images": TEST[rows]})
        check(found["label"], found["decision"], rows)


def test_the_example_runs(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    assert __doc__ is not None
    lines = [line for line in __doc__.splitlines() if line.startswith("    ") or not line]
    program = textwrap.dedent("\n".join(lines))
    ran = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stderr
    assert float(ran.stdout) > 0.85


FLOWERS, KINDS = load_iris(return_X_y=True)
FLOWERS = FLOWERS.astype(numpy.float32)
KERNEL = FLOWERS @ FLOWERS.T

OTHERS: dict[str, tuple[Callable[[], Any], str]] = {
    "StandardScaler": (StandardScaler, "transform inverse_transform"),
    "MinMaxScaler": (MinMaxScaler, "transform inverse_transform"),
    "MaxAbsScaler": (MaxAbsScaler, "transform"),
    "Normalizer": (Normalizer, "transform"),
    "Binarizer": (Binarizer, "transform"),
    "PolynomialFeatures": (PolynomialFeatures, "transform"),
    "KernelCenterer": (KernelCenterer, "transform"),
    "PCA": (lambda: PCA(2, svd_solver="full", whiten=True), "transform"),
    "Nystroem": (lambda: Nystroem(n_components=5, random_state=0), "transform"),
    "Ridge": (lambda: Ridge(solver="svd"), "predict"),
    "RidgeClassifier": (lambda: RidgeClassifier(solver="svd"), "predict"),
    "PoissonRegressor": (PoissonRegressor, "predict"),
    # In centimetres lbfgs takes about as many iterations as it may; of equal scale, 17 of 100.
    "LogisticRegression": (
        lambda: make_pipeline(StandardScaler(), LogisticRegression()),
        "predict predict_proba",
    ),
    "LinearDiscriminantAnalysis": (LinearDiscriminantAnalysis, "transform predict_proba"),
    "GaussianNB": (GaussianNB, "predict predict_proba"),
    "GaussianMixture": (
        lambda: GaussianMixture(2, init_params="random_from_data", random_state=0),
        "predict predict_proba",
    ),
}


@pytest.mark.parametrize("rows", ["n", 7])
@pytest.mark.parametrize("kind", OTHERS)
def test_other_estimators_are_traced(kind: str, rows: Any) -> None:
    if kind == "Nystroem" and rows == "n":
        pytest.skip("scikit-learn chooses the number of its blocks by the number of rows")
    data = KERNEL if kind == "KernelCenterer" else FLOWERS
    xp = isthmus.namespace("numpy")
    spec = isthmus.spec("float32", [rows, data.shape[1]])
    make, methods = OTHERS[kind]
    with dispatching():
        model = make().fit(xp.asarray(data), xp.asarray(KINDS))
        for method in (getattr(model, name) for name in methods.split()):
            wanted = numpy.asarray(method(xp.asarray(data[:7])))
            run = isthmus.compile(method, spec, constraints=ROWS if rows == "n" else [])
            numpy.testing.assert_allclose(run(data[:7]), wanted, rtol=1e-4, atol=1e-5)
