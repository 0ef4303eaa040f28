"""Progressive validation of each kind of model, from each kind of data, against the plain loop."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import sparse
from sklearn.linear_model import Perceptron, SGDClassifier, SGDRegressor
from sklearn.naive_bayes import BernoulliNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler, Normalizer, PowerTransformer, StandardScaler

from estimator_data import counts, features, labels, standard, state_of, values
from evaluation_loops import classifier_loop, log_loss
from gradstream import LinearClassifier, LinearRegressor
from gradstream.evaluation import METRICS, progressive_validate

N = 400
X = standard(features(N, 4))
Y = labels(X)


def sgd():
    return SGDClassifier("log_loss", random_state=0)


def same(report, rows):
    """The report is of the predictions that a loop has collected."""
    assert report.scores["accuracy"] == pytest.approx(np.mean(rows.labels == rows.y), rel=1e-12)
    if rows.probabilities is not None:
        assert report.scores["log_loss"] == pytest.approx(log_loss(rows), rel=1e-12)


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("loss", ["log_loss", "modified_huber", "hinge"])
def test_gradstream_classifier_is_the_loop(loss, n_classes):
    y = labels(X, n_classes)
    one, two = (LinearClassifier(loss).partial_fit(X[:9], y[:9], range(n_classes)) for _ in range(2))
    has = loss != "hinge"
    said, p = [], []
    for i in range(9, N):
        said.append(one.predict(X[i : i + 1])[0])
        p.append(one.predict_proba(X[i : i + 1])[0] if has else None)
        one.learn_one(X[i], y[i])
    report = progressive_validate(two, X[9:], y[9:], metrics=["accuracy", *(["log_loss", "brier"] if has else [])])
    assert report.scores["accuracy"] == pytest.approx(np.mean(said == y[9:]), rel=1e-12)
    if has:
        truth = np.array(p)[np.arange(N - 9), y[9:]]
        expected = -np.log(np.clip(truth, np.finfo(float).eps, 1 - np.finfo(float).eps)).mean()
        assert report.scores["log_loss"] == pytest.approx(expected, rel=1e-12)
    assert state_of(one) == state_of(two)  # the model is taught, all of it


@pytest.mark.parametrize("loss", ["squared_error", "poisson"])
def test_gradstream_regressor_is_the_loop(loss):
    y = counts(X) + 1
    one, two = LinearRegressor(loss), LinearRegressor(loss)
    predictions = one.progressive_fit(X, y)
    report = progressive_validate(two, X, y, metrics=["mae", "mean_poisson_deviance"] if loss == "poisson" else "mae")
    assert report.scores["mae"] == pytest.approx(np.abs(predictions - y).mean(), rel=1e-12)
    assert state_of(one) == state_of(two)


@pytest.mark.parametrize("make", [sgd, lambda: SGDClassifier(random_state=0), Perceptron, BernoulliNB])
def test_models_with_partial_fit(make):
    y = np.array(["no", "yes"])[Y]
    rows = classifier_loop(make(), X, y, np.array(["no", "yes"]))
    report = progressive_validate(make(), X, y)
    assert report.classes_.tolist() == ["no", "yes"]
    assert ("log_loss" in report.metrics) == hasattr(make(), "predict_proba")
    assert report.scores["accuracy"] == pytest.approx(np.mean(rows.labels == y), rel=1e-12)


def test_decision_values_rank_rows_where_there_are_no_probabilities():
    model = SGDClassifier(random_state=0).partial_fit(X[:50], Y[:50], [0, 1])
    report = progressive_validate(model, X[50:], Y[50:], metrics="roc_auc", window=350)
    assert report.rolling["roc_auc"][-1] == pytest.approx(report.scores["roc_auc"], rel=1e-12)
    assert report.scores["roc_auc"] > 0.8
    with pytest.raises(ValueError, match="'roc_auc' needs scores that rank rows"):
        progressive_validate(SGDClassifier(), X, labels(X, 3), metrics="roc_auc")


def test_models_that_have_learnt_go_on():
    model = sgd().partial_fit(X[:200], Y[:200], [0, 1])
    other = sgd().partial_fit(X[:200], Y[:200], [0, 1])
    report = progressive_validate(model, X[200:], Y[200:], every=1)
    hits = []
    for i in range(200, N):
        hits.append(other.predict(X[i : i + 1])[0] == Y[i])
        other.partial_fit(X[i : i + 1], Y[i : i + 1])
    assert report.scores["accuracy"] == np.mean(hits)
    assert report.cumulative["accuracy"][0] == hits[0]


def test_chunk_size():
    model, other = sgd(), sgd()
    report = progressive_validate(model, X, Y, chunk_size=32)
    said = [np.zeros(32, int)]
    for start in range(0, N, 32):
        part = slice(start, start + 32)
        if start:
            said.append(other.predict(X[part]))
        other.partial_fit(X[part], Y[part], [0, 1])
    assert report.scores["accuracy"] == pytest.approx(np.mean(np.concatenate(said) == Y), rel=1e-12)
    assert (model.coef_ == other.coef_).all()


def test_pipeline_transforms_then_learns():
    raw = features(N, 4)
    pipeline = make_pipeline(StandardScaler(), sgd())
    scaler, model = StandardScaler(), sgd()
    said, p = [0], [[0.5, 0.5]]
    for i in range(N):
        row = raw[i : i + 1]
        if i:
            said.append(model.predict(scaler.transform(row))[0])
            p.append(model.predict_proba(scaler.transform(row))[0])
        model.partial_fit(scaler.partial_fit(row).transform(row), Y[i : i + 1], [0, 1])
    report = progressive_validate(pipeline, raw, Y)
    assert report.scores["accuracy"] == pytest.approx(np.mean(np.array(said) == Y), rel=1e-12)
    truth = np.clip(np.array(p)[np.arange(N), Y], np.finfo(float).eps, 1)
    assert report.scores["log_loss"] == pytest.approx(-np.log(truth).mean(), rel=1e-12)
    assert (pipeline.predict(raw) == model.predict(scaler.transform(raw))).all()


def test_pipeline_of_transformers_that_stand_runs_in_the_core():
    raw = features(N, 4)
    scaler = StandardScaler().fit(raw[:100])
    pipeline = make_pipeline(FunctionTransformer(np.tanh), "passthrough", LinearClassifier())
    report = progressive_validate(pipeline, raw, Y)
    assert report.scores == progressive_validate(LinearClassifier(), np.tanh(raw), Y).scores
    other = make_pipeline(PowerTransformer().fit(raw[:100]), Normalizer(), LinearClassifier())
    assert progressive_validate(other, raw, Y).scores["accuracy"] > 0.5
    learning = make_pipeline(scaler, LinearClassifier())  # a StandardScaler has partial_fit: it goes on learning
    assert progressive_validate(learning, raw, Y).scores["accuracy"] > 0.6
    assert scaler.n_samples_seen_ == 100 + N


def test_pipeline_that_cannot_learn():
    with pytest.raises(
        TypeError, match="Step 'powertransformer' of the Pipeline, PowerTransformer, has no partial_fit"
    ):
        progressive_validate(make_pipeline(PowerTransformer(), sgd()), X, Y)


@pytest.mark.parametrize("delay", [1, 7, 1000])
def test_delay(delay):
    rows = classifier_loop(sgd(), X, Y, np.array([0, 1]), delay=delay)
    model = sgd()
    same(progressive_validate(model, X, Y, delay=delay), rows)
    assert model.t_ == N + 1  # the last rows are learnt in the end


@pytest.mark.parametrize("delay", [3, 1000])
def test_delay_in_the_core(delay):
    y = labels(X)
    one, two = LinearClassifier(), LinearClassifier()
    p = one.progressive_fit(X, y, [0, 1], delay=delay)
    report = progressive_validate(two, X, y, delay=delay)
    assert report.delay == delay
    assert report.scores["log_loss"] == pytest.approx(-np.log(p[np.arange(N), y]).mean(), rel=1e-12)
    assert state_of(two) == state_of(one.flush())
    assert two.n_samples_seen_ == N


FORMS = {
    "csr": sparse.csr_array,
    "csc": sparse.csc_matrix,
    "list": np.ndarray.tolist,
    "pandas": lambda X: pd.DataFrame(X, columns=list("abcd")),
    "polars": lambda X: pl.DataFrame(X, schema=list("abcd")),
}


@pytest.mark.parametrize("form", FORMS)
def test_forms_of_data(form):
    model = LinearClassifier(optimizer="adagrad", standardize=False)  # sparse lanes of the bank are float32
    report = progressive_validate(model, FORMS[form](X), pd.Series(Y))
    expected = progressive_validate(LinearClassifier(optimizer="adagrad", standardize=False), X, Y)
    assert report.scores == pytest.approx(expected.scores, rel=1e-9)
    if form in ("pandas", "polars"):
        assert model.feature_names_in_.tolist() == list("abcd")


@pytest.mark.parametrize("form", FORMS)
def test_forms_of_data_row_by_row(form):
    data = FORMS[form](X)
    rows = classifier_loop(sgd(), data.tocsr() if sparse.issparse(data) else X, Y, np.array([0, 1]))
    same(progressive_validate(sgd(), data, Y), rows)


@pytest.mark.parametrize("weights", [None, np.linspace(0, 2, N)])
@pytest.mark.parametrize("sizes", [[N], [1, 2, 3, 4, 90, 0, 300]])
def test_streams_of_chunks(weights, sizes):
    def stream():
        start = 0
        for size in sizes:
            part = slice(start, start + size)
            yield (X[part], Y[part]) if weights is None else (X[part], Y[part], weights[part])
            start += size

    report = progressive_validate(LinearClassifier(), stream(), classes=[0, 1], metrics=list(CLASSIFIERS), every=50)
    expected = progressive_validate(
        LinearClassifier(), X, Y, sample_weight=weights, metrics=list(CLASSIFIERS), every=50
    )
    for kind in ("cumulative", "rolling", "fading"):
        for metric, curve in getattr(report, kind).items():
            np.testing.assert_allclose(curve, getattr(expected, kind)[metric], rtol=1e-12)
    for name, member in report.baselines.items():
        assert member.scores == pytest.approx(expected.baselines[name].scores, rel=1e-12, nan_ok=True)


CLASSIFIERS = [name for name, metric in METRICS.items() if metric.task == "classification"]


def test_the_first_rows_of_one_class():
    """Metrics that need two classes are NaN until the second one comes, and nothing warns or divides by zero."""
    y = np.r_[np.zeros(100, int), Y]
    report = progressive_validate(
        LinearClassifier(), np.r_[X[:100], X], y, classes=[0, 1], metrics=CLASSIFIERS, every=10, window=20
    )
    assert np.isnan(report.rolling["roc_auc"][:10]).all()
    assert report.rolling["balanced_accuracy"][:10].tolist() == pytest.approx(report.rolling["accuracy"][:10])
    assert np.isnan(report.cumulative["kappa_temporal"][:10]).all()
    assert np.isfinite(report.cumulative["kappa"][-1])


class Wrapped:
    """Learns and predicts at once, and does not say by what loss."""

    def __init__(self, loss):
        self.model = LinearClassifier(loss)
        if loss == "log_loss":
            self.predict_proba = self.model.predict_proba

    def progressive_fit(self, X, y, **options):
        return self.model.progressive_fit(X, y, **{"classes": [0, 1], **options})


@pytest.mark.parametrize("loss", ["log_loss", "hinge"])
def test_any_object_that_does_both_at_once(loss):
    report = progressive_validate(Wrapped(loss), X, Y, classes=[0, 1])
    assert report.scores == pytest.approx(progressive_validate(LinearClassifier(loss), X, Y).scores, rel=1e-12)


class Recorder:
    """A model of nobody's library."""

    def __init__(self):
        self.learnt = []

    def predict(self, X):
        return np.full(len(X), self.learnt[-1])

    def partial_fit(self, X, y):
        self.learnt += y.tolist()


def test_any_object_that_predicts_and_learns():
    model = Recorder()
    report = progressive_validate(model, X, Y, metrics="kappa_temporal")
    assert model.learnt == Y.tolist()
    assert report.scores == {"kappa_temporal": 0.0}  # it repeats the last label
    model = Recorder()
    report = progressive_validate(model, X, values(X), metrics="mae")
    assert report.scores["mae"] == pytest.approx(np.abs(np.diff(values(X), prepend=0)).mean(), rel=1e-12)
    with pytest.raises(ValueError, match=r"Recorder\.partial_fit does not take weights"):
        progressive_validate(Recorder(), X, Y, sample_weight=np.ones(N))


class Lines:
    """Learns rows of dictionaries."""

    def predict_one(self, x):
        return 0

    def learn_one(self, x, y):
        pass


def stream_of(*items):
    return iter(items)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: progressive_validate(object(), X, Y), TypeError, "model is a object, which cannot learn row by row"),
        (lambda: progressive_validate(sgd(), X), TypeError, "y = None with X_or_stream of type ndarray: pass X and y"),
        (lambda: progressive_validate(sgd(), 3), TypeError, "X_or_stream of type int"),
        (lambda: progressive_validate(sgd(), X, Y[:-1]), ValueError, r"y has shape \(399,\), but X has 400 rows"),
        (lambda: progressive_validate(sgd(), X[:0], Y[:0]), ValueError, "X has 0 rows"),
        (lambda: progressive_validate(sgd(), stream_of()), ValueError, "yields no rows"),
        (lambda: progressive_validate(sgd(), stream_of((X, Y))), ValueError, "classes=None with a stream of chunks"),
        (lambda: progressive_validate(sgd(), stream_of(X)), TypeError, "Item 0 of the stream is a ndarray"),
        (
            lambda: progressive_validate(sgd(), stream_of((X, Y, None, 1))),
            TypeError,
            r"Item 0 of the stream is a tuple of length 4: items are \(X, y\)",
        ),
        (
            lambda: progressive_validate(sgd(), stream_of((X, Y), (X,)), classes=[0, 1]),
            TypeError,
            "Item 1 of the stream is a tuple of length 1",
        ),
        (
            lambda: progressive_validate(Lines(), stream_of(({"a": 1}, 0), ({"a": 1}, 1), ({"a": 1},))),
            TypeError,
            "Item 2 of the stream is a tuple of length 1",
        ),
        (
            lambda: progressive_validate(Lines(), stream_of(({"a": 1}, 0), 3)),
            TypeError,
            "Item 1 of the stream is a int",
        ),
        (
            lambda: progressive_validate(LinearClassifier, X, Y),
            TypeError,
            r"is the class LinearClassifier: pass an ins",
        ),
        (lambda: progressive_validate(LinearClassifier(), None, Y), TypeError, "X is None: X is an array"),
        (lambda: progressive_validate(LinearClassifier(), 3.0, Y), TypeError, "X is 3.0: X is an array"),
        (lambda: progressive_validate(LinearClassifier(), np.array(3.0), Y), TypeError, r"X is array\(3.\): X is"),
        (
            lambda: progressive_validate(sgd(), stream_of((None, Y)), classes=[0, 1]),
            TypeError,
            "X of item 0 of the stream is None",
        ),
        (
            lambda: progressive_validate(sgd(), stream_of((X, None)), classes=[0, 1]),
            TypeError,
            "y of item 0 of the stream is None",
        ),
        (
            lambda: progressive_validate(sgd(), X, Y, metrics=3),
            ValueError,
            "metrics=3: for classification, allowed are",
        ),
        (lambda: progressive_validate(sgd(), stream_of(({"a": 1}, 0))), TypeError, "SGDClassifier has no learn_one"),
        (
            lambda: progressive_validate(LinearClassifier(), [{"a": 1}], [0]),
            TypeError,
            "Rows are dictionaries, but Lin",
        ),
        (lambda: progressive_validate(sgd(), X, Y, classes=[0, 2]), ValueError, r"classes array\(\[0, 2\]\)"),
        (
            lambda: progressive_validate(sgd(), X, Y, window=0),
            ValueError,
            "window=0: allowed are integers >= 1 and None",
        ),
        (lambda: progressive_validate(sgd(), X, Y, delay=-1), ValueError, "delay=-1: allowed are integers >= 0"),
        (lambda: progressive_validate(sgd(), X, Y, chunk_size=1.5), ValueError, "chunk_size=1.5"),
        (lambda: progressive_validate(sgd(), X, Y, every=True), ValueError, "every=True"),
        (lambda: progressive_validate(sgd(), X, Y, fading=1), ValueError, "fading=1: allowed are numbers above 0"),
        (lambda: progressive_validate(sgd(), X, Y, progress="yes"), ValueError, "progress='yes'"),
        (
            lambda: progressive_validate(sgd(), iter([]), sample_weight=[1]),
            ValueError,
            "sample_weight goes with arrays",
        ),
        (lambda: progressive_validate(sgd(), X, Y, sample_weight=-np.ones(N)), ValueError, "Weights must be >= 0"),
        (lambda: progressive_validate(SGDRegressor(), X, np.full(N, np.nan)), ValueError, "NaN"),
    ],
)
def test_what_is_not_allowed(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_classes_that_the_model_does_not_know():
    model = LinearClassifier().partial_fit(X, Y, [0, 1])
    with pytest.raises(ValueError, match=r"classes=\[0, 1, 2\], but the model has learnt with the classes"):
        progressive_validate(model, X, Y, classes=[0, 1, 2])


def test_scaled_stream_of_another_range():
    assert progressive_validate(make_pipeline(MinMaxScaler(), sgd()), X * 1e3, Y).scores["accuracy"] > 0.6
