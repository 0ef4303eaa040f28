"""The plain loops that progressive validation is compared with, and scikit-learn's metrics of what they collect."""

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn import metrics


@dataclass(eq=False)
class Collected:
    """What a loop of predict and learn said of every row before it learnt it."""

    y: Any
    labels: Any
    probabilities: Any = None
    scores: Any = None
    weights: Any = None
    last: Any = None

    def part(self, start, stop):
        cut = {name: None if array is None else array[start:stop] for name, array in vars(self).items()}
        return Collected(**cut)


def classifier_loop(model, X, y, classes, weights=None, delay=0):
    """Predict a row, then learn the row ``delay`` rows before it; a row of weight 0 is not learnt."""
    labels, probabilities, learnt = [], [], False
    for i in range(len(y)):
        row = X[i : i + 1]
        labels.append(model.predict(row)[0] if learnt else classes[0])
        has = learnt and hasattr(model, "predict_proba")
        probabilities.append(model.predict_proba(row)[0] if has else np.full(len(classes), 1 / len(classes)))
        learn = slice(i - delay, i - delay + 1)
        if i >= delay and (weights is None or weights[learn] > 0):
            model.partial_fit(X[learn], y[learn], classes, None if weights is None else weights[learn])
            learnt = True
    probabilities = np.array(probabilities)
    scores = probabilities[:, 1] if len(classes) == 2 else probabilities
    return Collected(y, np.array(labels), probabilities, scores, weights, np.append(-1, y[:-1]))


def regressor_loop(model, X, y, weights=None):
    """The same for real values."""
    values = []
    for i in range(len(y)):
        values.append(model.predict(X[i : i + 1])[0] if i else 0.0)
        model.partial_fit(X[i : i + 1], y[i : i + 1], sample_weight=None if weights is None else weights[i : i + 1])
    return Collected(y, np.array(values), weights=weights)


def log_loss(rows):
    return metrics.log_loss(rows.y, rows.probabilities, labels=known(rows), sample_weight=rows.weights)


def brier(rows):
    if rows.probabilities.shape[1] == 2:
        return metrics.brier_score_loss(rows.y, rows.scores, pos_label=known(rows)[1], sample_weight=rows.weights)
    return metrics.brier_score_loss(rows.y, rows.probabilities, labels=known(rows), sample_weight=rows.weights)


def roc_auc(rows):
    if len(np.unique(rows.y)) < rows.probabilities.shape[1]:
        return np.nan
    options = {} if rows.scores.ndim == 1 else {"multi_class": "ovr"}
    return metrics.roc_auc_score(rows.y, rows.scores, sample_weight=rows.weights, **options)


def kappa_temporal(rows):
    """1 - misses of the model / misses of the last label, on the rows that have a label before them."""
    after = rows.last >= 0
    weights = None if rows.weights is None else rows.weights[after]
    agree = [
        metrics.accuracy_score(rows.y[after], said[after], sample_weight=weights) for said in (rows.labels, rows.last)
    ]
    return 1 - (1 - agree[0]) / (1 - agree[1])


def known(rows):
    """The classes 0, 1, ... of the runs, also where a window lacks one."""
    return np.arange(rows.probabilities.shape[1])


def weighted(function):
    return lambda rows: function(rows.y, rows.labels, sample_weight=rows.weights)


CLASSIFICATION = {
    "log_loss": log_loss,
    "accuracy": weighted(metrics.accuracy_score),
    "balanced_accuracy": weighted(metrics.balanced_accuracy_score),
    "roc_auc": roc_auc,
    "brier": brier,
    "kappa": weighted(metrics.cohen_kappa_score),
    "kappa_temporal": kappa_temporal,
}
REGRESSION = {
    "mae": weighted(metrics.mean_absolute_error),
    "rmse": weighted(metrics.root_mean_squared_error),
    "r2": weighted(metrics.r2_score),
    "mean_poisson_deviance": weighted(metrics.mean_poisson_deviance),
    "mean_gamma_deviance": weighted(metrics.mean_gamma_deviance),
}


def by_hand(rows, metric, point, window=None):
    """Return scikit-learn's metric of the rows before a point: all of them, or the last of a window."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # windows that lack a class
        return {**CLASSIFICATION, **REGRESSION}[metric](rows.part(max(0, point - (window or point)), point))
