"""Estimators, metrics and kernels of scikit-learn that take arrays of any namespace."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from consumer_data import Case, Data, of
from sklearn import metrics
from sklearn.calibration import CalibratedClassifierCV
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.kernel_approximation import Nystroem
from sklearn.linear_model import (
    LogisticRegression,
    PoissonRegressor,
    Ridge,
    RidgeClassifier,
    RidgeClassifierCV,
    RidgeCV,
)
from sklearn.metrics import pairwise
from sklearn.mixture import GaussianMixture
from sklearn.model_selection import (
    GridSearchCV,
    RandomizedSearchCV,
    cross_val_predict,
    train_test_split,
)
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    Binarizer,
    KernelCenterer,
    LabelBinarizer,
    LabelEncoder,
    MaxAbsScaler,
    MinMaxScaler,
    Normalizer,
    PolynomialFeatures,
    StandardScaler,
)

ALPHAS = {"alpha": [0.1, 1.0, 10.0]}


def transformer(make: Callable[[], Any], *attributes: str, given: str = "x") -> Case:
    """Fits and transforms; and gives the named attributes."""

    def case(d: Data) -> Any:
        x = getattr(d, given)
        fitted = make().fit(x)
        back = [fitted.inverse_transform(fitted.transform(x))] if given == "back" else []
        return [fitted.transform(x), *back, *(getattr(fitted, name) for name in attributes)]

    return case


def predictor(make: Callable[[], Any], target: str, *attributes: str) -> Case:
    """Fits on x, predicts and scores; and gives the named attributes and methods' results."""

    def case(d: Data) -> Any:
        fitted = make().fit(d.x, getattr(d, target))
        found = [getattr(fitted, name) for name in attributes]
        made = [part(d.x) if callable(part) else part for part in found]
        return [fitted.predict(d.x), fitted.score(d.x, getattr(d, target)), *made]

    return case


def searched(make: Callable[[Any], Any]) -> Case:
    def case(d: Data) -> Any:
        search = make(Ridge(solver="svd")).fit(d.x, d.target)
        return [search.best_params_["alpha"], float(search.best_score_), search.predict(d.x)]

    return case


def label_encoder(d: Data) -> Any:
    encoder = LabelEncoder().fit(d.labels)
    codes = encoder.transform(d.labels)
    return [codes, encoder.classes_, encoder.inverse_transform(codes)]


def min_max_and_back(d: Data) -> Any:
    scaler = MinMaxScaler((-1, 1)).fit(d.x)
    return [scaler.inverse_transform(scaler.transform(d.x)), scaler.data_min_, scaler.scale_]


def mixture(d: Data) -> Any:
    fitted = GaussianMixture(2, init_params="random_from_data", random_state=0).fit(d.x)
    probabilities = fitted.predict_proba(d.x)
    return [fitted.means_, fitted.covariances_, fitted.predict(d.x), probabilities]


def pipeline(d: Data) -> Any:
    steps = make_pipeline(StandardScaler(), PCA(2, svd_solver="full")).fit(d.x)
    return [steps.transform(d.x), steps.inverse_transform(steps.transform(d.x))]


def classifying_pipeline(d: Data) -> Any:
    steps = make_pipeline(StandardScaler(), PCA(3, svd_solver="full"), LinearDiscriminantAnalysis())
    steps.fit(d.x, d.labels)
    return [steps.predict(d.x), steps.decision_function(d.x), steps.predict_proba(d.x)]


def split(d: Data) -> Any:
    return train_test_split(d.x, d.labels, random_state=0, stratify=d.labels)


def calibrated(d: Data) -> Any:
    inner = LinearDiscriminantAnalysis()
    fitted = CalibratedClassifierCV(inner, method="temperature", cv=3).fit(d.x, d.labels)
    return fitted.predict_proba(d.x)


_COVARIANCE = {"svd_solver": "covariance_eigh"}
_RANDOM: dict[str, Any] = {
    "svd_solver": "randomized",
    "power_iteration_normalizer": "QR",
    "random_state": 0,
}
_PRINCIPAL = ("components_", "explained_variance_ratio_", "mean_", "singular_values_")

ESTIMATORS: dict[str, Case] = {
    "PCA full": transformer(lambda: PCA(3, svd_solver="full"), *_PRINCIPAL),
    "PCA whitened": transformer(lambda: PCA(3, svd_solver="full", whiten=True), *_PRINCIPAL),
    "PCA covariance_eigh": transformer(lambda: PCA(3, **_COVARIANCE), *_PRINCIPAL),
    "PCA randomized": transformer(lambda: PCA(3, **_RANDOM), *_PRINCIPAL),
    "Ridge": predictor(lambda: Ridge(solver="svd"), "target", "coef_", "intercept_"),
    "RidgeCV": predictor(lambda: RidgeCV(alphas=[0.1, 1, 10]), "target", "coef_", "alpha_"),
    "RidgeClassifier": predictor(
        lambda: RidgeClassifier(solver="svd"), "labels", "decision_function", "coef_"
    ),
    "RidgeClassifierCV": predictor(lambda: RidgeClassifierCV(), "labels", "decision_function"),
    "LinearDiscriminantAnalysis": predictor(
        lambda: LinearDiscriminantAnalysis(),
        "labels",
        "decision_function",
        "predict_proba",
        "transform",
        "coef_",
    ),
    "LogisticRegression": predictor(
        lambda: LogisticRegression(tol=1e-7), "labels", "predict_proba", "coef_"
    ),
    "PoissonRegressor": predictor(lambda: PoissonRegressor(tol=1e-7), "counts", "coef_"),
    "GaussianNB": predictor(lambda: GaussianNB(), "labels", "predict_proba", "theta_", "var_"),
    "GaussianMixture": mixture,
    "Nystroem": transformer(lambda: Nystroem(n_components=6, random_state=0), "components_"),
    "StandardScaler": transformer(lambda: StandardScaler(), "mean_", "var_", "scale_"),
    "MinMaxScaler": transformer(lambda: MinMaxScaler(), "data_max_"),
    "MinMaxScaler and back": min_max_and_back,
    "MaxAbsScaler": transformer(lambda: MaxAbsScaler(), "max_abs_"),
    "Normalizer": transformer(lambda: Normalizer("l2")),
    "Normalizer l1": transformer(lambda: Normalizer("l1")),
    "Binarizer": transformer(lambda: Binarizer(threshold=0.5)),
    "KernelCenterer": transformer(lambda: KernelCenterer(), "K_fit_rows_", given="kernel"),
    "PolynomialFeatures": transformer(lambda: PolynomialFeatures(2)),
    "LabelEncoder": label_encoder,
    "LabelBinarizer": lambda d: LabelBinarizer().fit_transform(d.labels),
    "Pipeline(StandardScaler, PCA)": pipeline,
    "Pipeline(StandardScaler, PCA, LDA)": classifying_pipeline,
    "GridSearchCV(Ridge)": searched(lambda model: GridSearchCV(model, ALPHAS, cv=3)),
    "RandomizedSearchCV(Ridge)": searched(
        lambda model: RandomizedSearchCV(model, ALPHAS, cv=3, n_iter=2, random_state=0)
    ),
    "CalibratedClassifierCV(LDA)": calibrated,
    "cross_val_predict(Ridge)": lambda d: cross_val_predict(
        Ridge(solver="svd"), d.x, d.target, cv=3
    ),
    "cross_val_predict(LDA)": lambda d: cross_val_predict(
        LinearDiscriminantAnalysis(), d.x, d.labels, cv=3
    ),
    "train_test_split": split,
}

_LABELS = ("labels", "guess")
_BINARY = ("binary", "binary_guess")
_SETS = ("sets", "sets_guess")
_SCORED = ("binary", "score")
_NUMBERS = ("target", "forecast")
_COUNTS = ("counts", "expected_counts")
_MEANS = ("expected_counts", "score")
_PAIR = ("x", "y")

METRICS: dict[str, Case] = {
    "accuracy_score": of(metrics.accuracy_score, *_LABELS),
    "accuracy_score of sets": of(metrics.accuracy_score, *_SETS),
    "balanced_accuracy_score": of(metrics.balanced_accuracy_score, *_LABELS),
    "brier_score_loss": of(metrics.brier_score_loss, *_SCORED),
    "confusion_matrix": of(metrics.confusion_matrix, *_LABELS),
    "d2_brier_score": of(metrics.d2_brier_score, *_SCORED),
    "d2_log_loss_score": of(metrics.d2_log_loss_score, "labels", "chances"),
    "f1_score": of(metrics.f1_score, *_LABELS, average="macro"),
    "fbeta_score": of(metrics.fbeta_score, *_BINARY, beta=0.5),
    "hamming_loss": of(metrics.hamming_loss, *_SETS),
    "jaccard_score": of(metrics.jaccard_score, *_LABELS, average=None),
    "log_loss": of(metrics.log_loss, "labels", "chances"),
    "multilabel_confusion_matrix": of(metrics.multilabel_confusion_matrix, *_SETS),
    "precision_score": of(metrics.precision_score, *_LABELS, average="weighted"),
    "precision_recall_curve": of(metrics.precision_recall_curve, *_SCORED),
    "precision_recall_fscore_support": of(metrics.precision_recall_fscore_support, *_LABELS),
    "recall_score": of(metrics.recall_score, *_BINARY),
    "roc_curve": of(metrics.roc_curve, *_SCORED),
    "roc_curve without drop": of(metrics.roc_curve, *_SCORED, drop_intermediate=False),
    "det_curve": of(metrics.det_curve, *_SCORED),
    "roc_auc_score": of(metrics.roc_auc_score, *_SCORED),
    "average_precision_score": of(metrics.average_precision_score, *_SCORED),
    "zero_one_loss": of(metrics.zero_one_loss, *_LABELS),
    "cohen_kappa_score": of(metrics.cohen_kappa_score, *_LABELS),
    "matthews_corrcoef": of(metrics.matthews_corrcoef, *_LABELS),
    "class_likelihood_ratios": of(metrics.class_likelihood_ratios, *_BINARY),
    "hinge_loss": of(metrics.hinge_loss, *_SCORED),
    "top_k_accuracy_score": of(metrics.top_k_accuracy_score, "labels", "chances"),
    "auc": lambda d: metrics.auc(d.floats(0, 0.2, 0.7, 1), d.floats(0, 0.5, 0.8, 1)),
    "d2_tweedie_score": of(metrics.d2_tweedie_score, *_COUNTS, power=1),
    "explained_variance_score": of(metrics.explained_variance_score, *_NUMBERS),
    "max_error": of(metrics.max_error, *_NUMBERS),
    "mean_absolute_error": of(metrics.mean_absolute_error, *_NUMBERS),
    "mean_absolute_percentage_error": of(metrics.mean_absolute_percentage_error, *_NUMBERS),
    "mean_gamma_deviance": of(metrics.mean_gamma_deviance, *_MEANS),
    "mean_pinball_loss": of(metrics.mean_pinball_loss, *_NUMBERS, alpha=0.3),
    "mean_poisson_deviance": of(metrics.mean_poisson_deviance, *_COUNTS),
    "mean_squared_error": of(metrics.mean_squared_error, *_NUMBERS),
    "mean_squared_error of columns": of(
        metrics.mean_squared_error, *_PAIR, multioutput="raw_values"
    ),
    "mean_squared_log_error": of(metrics.mean_squared_log_error, *_COUNTS),
    "mean_tweedie_deviance": of(metrics.mean_tweedie_deviance, *_MEANS, power=1.5),
    "median_absolute_error": of(metrics.median_absolute_error, *_NUMBERS),
    "r2_score": of(metrics.r2_score, *_NUMBERS),
    "root_mean_squared_error": of(metrics.root_mean_squared_error, *_NUMBERS),
    "root_mean_squared_log_error": of(metrics.root_mean_squared_log_error, *_COUNTS),
    "d2_absolute_error_score": of(metrics.d2_absolute_error_score, *_NUMBERS),
    "d2_pinball_score": of(metrics.d2_pinball_score, *_NUMBERS, alpha=0.3),
    "pairwise.additive_chi2_kernel": of(pairwise.additive_chi2_kernel, "positive"),
    "pairwise.chi2_kernel": of(pairwise.chi2_kernel, "positive"),
    "pairwise.cosine_similarity": of(pairwise.cosine_similarity, *_PAIR),
    "pairwise.cosine_distances": of(pairwise.cosine_distances, *_PAIR),
    "pairwise.euclidean_distances": of(pairwise.euclidean_distances, *_PAIR),
    "pairwise.linear_kernel": of(pairwise.linear_kernel, *_PAIR),
    "pairwise.polynomial_kernel": of(pairwise.polynomial_kernel, *_PAIR),
    "pairwise.rbf_kernel": of(pairwise.rbf_kernel, *_PAIR),
    "pairwise.sigmoid_kernel": of(pairwise.sigmoid_kernel, *_PAIR, gamma=0.01),
    "pairwise.paired_cosine_distances": of(pairwise.paired_cosine_distances, *_PAIR),
    "pairwise.paired_euclidean_distances": of(pairwise.paired_euclidean_distances, *_PAIR),
    "pairwise.laplacian_kernel": of(pairwise.laplacian_kernel, *_PAIR),
    "pairwise.manhattan_distances": of(pairwise.manhattan_distances, *_PAIR),
    "pairwise.pairwise_distances": of(pairwise.pairwise_distances, *_PAIR, metric="euclidean"),
    "pairwise.pairwise_distances_argmin": of(pairwise.pairwise_distances_argmin, *_PAIR),
    "pairwise.pairwise_kernels": of(pairwise.pairwise_kernels, *_PAIR, metric="rbf"),
    "pairwise.paired_manhattan_distances": of(pairwise.paired_manhattan_distances, *_PAIR),
}

CASES: dict[str, Case] = {**ESTIMATORS, **METRICS}
