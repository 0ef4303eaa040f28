"""Metrics of a progressive validation against scikit-learn's on the predictions that a plain loop collects."""

import numpy as np
import pytest
from sklearn.linear_model import SGDClassifier, SGDRegressor

from estimator_data import counts, features, labels, standard, values
from evaluation_loops import CLASSIFICATION, REGRESSION, by_hand, classifier_loop, regressor_loop
from gradstream import LinearClassifier, LinearRegressor
from gradstream.evaluation import METRICS, progressive_validate

RTOL = 1e-12
N, WINDOW = 600, 70


def weights_of(kind, n):
    rng = np.random.default_rng(5)
    return {"none": None, "real": rng.uniform(0.1, 2.0, n), "counts": rng.integers(0, 3, n).astype(float)}[kind]


def classification_run(n_classes, weights):
    X = standard(features(N, 4))
    y = labels(X, n_classes)
    classes = np.arange(n_classes)
    make = lambda: SGDClassifier("log_loss", random_state=0)  # noqa: E731
    rows = classifier_loop(make(), X, y, classes, weights)
    report = progressive_validate(
        make(), X, y, metrics=list(CLASSIFICATION), sample_weight=weights, window=WINDOW, every=45, fading=0.97
    )
    return report, rows


def regression_run(weights):
    X = standard(features(N, 4)) / 4
    y = counts(X) + 0.5
    make = lambda: LinearRegressor("poisson", optimizer="sgd")  # noqa: E731
    rows = regressor_loop(make().partial_fit(X[:20], y[:20]), X, y, weights)
    rows.labels[0] = make().partial_fit(X[:20], y[:20]).predict(X[:1])[0]
    model = make().partial_fit(X[:20], y[:20])
    report = progressive_validate(
        model, X, y, metrics=list(REGRESSION), sample_weight=weights, window=WINDOW, every=45, fading=0.97
    )
    return report, rows


@pytest.fixture(scope="module", params=[(2, "none"), (2, "real"), (2, "counts"), (3, "none"), (3, "real")], ids=str)
def classification(request):
    n_classes, weights = request.param
    return classification_run(n_classes, weights_of(weights, N))


@pytest.fixture(scope="module", params=["none", "real", "counts"])
def regression(request):
    return regression_run(weights_of(request.param, N))


def test_every_metric_is_compared():
    assert {*CLASSIFICATION, *REGRESSION} == set(METRICS)
    assert {name for name, metric in METRICS.items() if metric.task == "regression"} == set(REGRESSION)
    assert all(name == metric.name and metric.__doc__ for name, metric in METRICS.items())


@pytest.mark.parametrize("metric", CLASSIFICATION)
def test_classification_agrees_with_scikit_learn(classification, metric):
    compare(*classification, metric)


@pytest.mark.parametrize("metric", REGRESSION)
def test_regression_agrees_with_scikit_learn(regression, metric):
    compare(*regression, metric)


def compare(report, rows, metric):
    assert report.rows.tolist() == [*range(45, N, 45), N]
    expected = [by_hand(rows, metric, point, WINDOW) for point in report.rows]
    np.testing.assert_allclose(report.rolling[metric], expected, rtol=RTOL, atol=RTOL)
    assert report.scores[metric] == pytest.approx(by_hand(rows, metric, N), rel=RTOL)
    if metric == "roc_auc":
        assert np.isnan(report.cumulative[metric][:-1]).all()
        return
    expected = [by_hand(rows, metric, point) for point in report.rows]
    np.testing.assert_allclose(report.cumulative[metric], expected, rtol=RTOL, atol=RTOL)


@pytest.mark.parametrize("metric", [name for name in CLASSIFICATION if name != "roc_auc"])
def test_fading_is_a_weight(classification, metric):
    compare_fading(*classification, metric)


@pytest.mark.parametrize("metric", REGRESSION)
def test_fading_is_a_weight_of_errors(regression, metric):
    compare_fading(*regression, metric)


def compare_fading(report, rows, metric):
    """Fading by 0.97 is a sample weight of 0.97^age: scikit-learn's weighted metrics know nothing of recursions."""
    assert metric in report.fading
    given = np.ones(N) if rows.weights is None else rows.weights
    for point, value in zip(report.rows, report.fading[metric], strict=True):
        part = rows.part(0, point)
        part.weights = given[:point] * 0.97 ** np.arange(point - 1, -1, -1)
        assert value == pytest.approx(by_hand(part, metric, point), rel=RTOL)


def test_fading_is_a_recursion():
    X = features(3_000, 3)
    y = labels(X)
    report = progressive_validate(LinearClassifier(), X, y, metrics="accuracy", fading=0.99, every=1)
    hits = LinearClassifier().progressive_fit(X, y, [0, 1], method="predict") == y
    total = weight = 0.0
    for hit, value in zip(hits, report.fading["accuracy"], strict=True):
        total, weight = 0.99 * total + hit, 0.99 * weight + 1
        assert value == pytest.approx(total / weight, rel=RTOL)


def test_window_of_many_blocks_and_points_close_together():
    """Pieces, tails and blocks: 40,000 rows in blocks of 32,768, windows across their borders."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40_000, 1))
    y = X[:, 0] * np.linspace(0, 3, len(X)) + rng.normal(size=len(X)) + np.linspace(0, 1e4, len(X))
    report = progressive_validate(LinearRegressor(), X, y, metrics=["rmse", "r2"], window=3_001, every=997)
    values = LinearRegressor().progressive_fit(X, y)
    for i, point in enumerate(report.rows):
        part = slice(max(0, point - 3_001), point)
        squared = (y[part] - values[part]) ** 2
        assert report.rolling["rmse"][i] == pytest.approx(np.sqrt(squared.mean()), rel=RTOL)
        r2 = 1 - squared.sum() / ((y[part] - y[part].mean()) ** 2).sum()
        assert report.rolling["r2"][i] == pytest.approx(r2, rel=RTOL, abs=RTOL)
        assert report.cumulative["rmse"][i] == pytest.approx(np.sqrt(((y - values)[:point] ** 2).mean()), rel=RTOL)


def test_targets_far_from_zero_cost_r2_no_digits():
    X = features(2_000, 2)
    y = values(X) + 1e6
    report = progressive_validate(LinearRegressor(), X, y, metrics="r2", window=50, every=50)
    predictions = LinearRegressor().progressive_fit(X, y)
    for i, point in enumerate(report.rows):
        part = slice(point - 50, point)
        distances = (y[part] - y[part].mean()) ** 2
        expected = 1 - ((y[part] - predictions[part]) ** 2).sum() / distances.sum()
        assert report.rolling["r2"][i] == pytest.approx(expected, rel=1e-9)  # y itself has lost 6 of 16 digits


def test_constant_targets_have_no_variance_to_explain():
    report = progressive_validate(SGDRegressor(), np.ones((30, 1)), np.full(30, 0.1), metrics="r2", every=10)
    assert report.cumulative["r2"].tolist() == [0.0, 0.0, 0.0]


def test_deviance_of_predictions_that_are_no_means():
    X, y = np.ones((6, 1)), np.array([1.0, 2, 0, 3, 1, 1])
    report = progressive_validate(SGDRegressor(), X, y, metrics="mean_poisson_deviance", window=2, every=1)
    assert np.isinf(report.cumulative["mean_poisson_deviance"]).all()  # the first prediction is 0
    assert np.isfinite(report.rolling["mean_poisson_deviance"][2:]).all()
    with pytest.raises(ValueError, match=r"metrics='mean_gamma_deviance' needs y > 0, but y has 1 other .*y\[2\] = 0"):
        progressive_validate(SGDRegressor(), X, y, metrics="mean_gamma_deviance")
    with pytest.raises(ValueError, match=r"mean_poisson_deviance' needs y >= 0"):
        progressive_validate(SGDRegressor(), X, -y, metrics="mean_poisson_deviance")


@pytest.mark.parametrize(
    ("model", "metrics", "message"),
    [
        (LinearClassifier(), "mae", r"metrics='mae': for classification, allowed are 'log_loss', 'accuracy'"),
        (LinearClassifier(), [], r"metrics=\[\]: for classification, allowed are"),
        (LinearRegressor(), ["mae", "auc"], r"metrics=\['mae', 'auc'\]: for regression, allowed are 'mae', 'rmse'"),
        (
            LinearClassifier("hinge"),
            "log_loss",
            r"'log_loss' needs probabilities, which this model does not give.*'kapp",
        ),
    ],
)
def test_metrics_that_do_not_fit(model, metrics, message):
    X = features(50, 2)
    with pytest.raises(ValueError, match=message):
        progressive_validate(model, X, labels(X), metrics=metrics)


def test_defaults():
    X = features(300, 2)
    y = labels(X)
    assert progressive_validate(LinearClassifier(), X, y).metrics == ("log_loss", "accuracy")
    assert progressive_validate(LinearClassifier("hinge"), X, y).metrics == ("accuracy",)
    assert progressive_validate(LinearRegressor(), X, values(X)).metrics == ("mae", "rmse", "r2")
