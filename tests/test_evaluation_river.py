"""Progressive validation of river's models, which see one dictionary at a time."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from estimator_data import features, labels, standard, values
from gradstream.evaluation import progressive_validate

river = pytest.importorskip("river", reason="river is no dependency: its models are tested where it is installed")

from river import evaluate, linear_model, metrics, preprocessing, stream  # noqa: E402

N = 500
X = standard(features(N, 4))
NAMES = list("abcd")


def model(n_classes=2):
    last = linear_model.LogisticRegression() if n_classes == 2 else linear_model.SoftmaxRegression()
    return preprocessing.StandardScaler() | last


def pairs(y):
    return [(dict(zip(NAMES, row, strict=True)), label) for row, label in zip(X.tolist(), y.tolist(), strict=True)]


@pytest.mark.parametrize("delay", [0, 5])
def test_same_numbers_as_rivers_own_loop(delay):
    """river's delay counts the row itself: what is learnt right before the next row has been delayed by 1."""
    y = labels(X).astype(bool)
    theirs = evaluate.progressive_val_score(pairs(y), model(), metrics.Accuracy(), delay=delay + 1 if delay else None)
    report = progressive_validate(model(), pairs(y), delay=delay)
    assert report.scores["accuracy"] == pytest.approx(theirs.get(), rel=1e-12)
    theirs = evaluate.progressive_val_score(pairs(y), model(), metrics.LogLoss(), delay=delay + 1 if delay else None)
    assert report.scores["log_loss"] == pytest.approx(theirs.get(), rel=1e-12)


def test_arrays_frames_and_pairs_are_the_same():
    y = labels(X).astype(bool)
    expected = progressive_validate(model(), iter(pairs(y)), classes=[False, True], metrics=["log_loss", "roc_auc"])
    for data in (X, pd.DataFrame(X, columns=NAMES), sparse.csr_array(X), [x for x, _ in pairs(y)]):
        report = progressive_validate(model(), data, y, metrics=["log_loss", "roc_auc"])
        assert report.scores == pytest.approx(expected.scores, rel=1e-12)
        assert report.classes_.tolist() == [False, True]


def test_classes_that_nobody_named():
    y = np.array(["low", "middle", "high"])[labels(X, 3)]
    report = progressive_validate(model(3), pairs(y), metrics=["accuracy", "balanced_accuracy", "kappa", "brier"])
    expected = progressive_validate(model(3), X, y, metrics=["accuracy", "balanced_accuracy", "kappa", "brier"])
    assert sorted(report.classes_.tolist()) == ["high", "low", "middle"]
    for name in ("balanced_accuracy", "kappa"):  # no label is right before it has come, however classes are numbered
        assert report.scores[name] == pytest.approx(expected.scores[name], abs=0.01)
    with pytest.raises(ValueError, match="'roc_auc' needs scores"):
        progressive_validate(model(3), pairs(y), metrics="roc_auc")


def test_a_class_that_comes_late():
    """The third class comes after the first block has been added up."""
    y = np.r_[np.arange(40_000) % 2, np.arange(2_000) % 3]
    stream = (({"a": float(label)}, int(label)) for label in y)
    report = progressive_validate(linear_model.SoftmaxRegression(), stream, metrics=["balanced_accuracy", "kappa"])
    assert report.classes_.tolist() == [0, 1, 2]
    assert np.isfinite(report.scores["kappa"])
    assert report.n_rows == len(y)


def test_regression():
    y = values(X)
    make = lambda: preprocessing.StandardScaler() | linear_model.LinearRegression()  # noqa: E731
    theirs = evaluate.progressive_val_score(stream.iter_array(X, y), make(), metrics.MAE())
    report = progressive_validate(make(), X, y)
    assert report.metrics == ("mae", "rmse", "r2")
    assert report.scores["mae"] == pytest.approx(theirs.get(), rel=1e-12)
    assert progressive_validate(make(), pairs(y)).scores == pytest.approx(report.scores, rel=1e-12)


def test_weights():
    y, weights = labels(X).astype(bool), np.linspace(0, 2, N)
    report = progressive_validate(linear_model.LogisticRegression(), X, y, sample_weight=weights)
    other, hits = linear_model.LogisticRegression(), []
    for (x, label), weight in zip(pairs(y), weights.tolist(), strict=True):
        hits.append(other.predict_one(x) == label)
        other.learn_one(x, label, w=weight)
    assert report.scores["accuracy"] == pytest.approx(np.average(hits, weights=weights), rel=1e-12)
    assert (
        progressive_validate(linear_model.LogisticRegression(), ((x, label, 1.0) for x, label in pairs(y))).n_rows == N
    )
    with pytest.raises(ValueError, match="learn_one does not take a weight"):
        progressive_validate(linear_model.PAClassifier(), X, y, sample_weight=weights)
