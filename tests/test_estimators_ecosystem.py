"""The estimators inside scikit-learn, joblib, pandas and polars."""

import pickle
import warnings

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn
from scipy import sparse
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_selection import SelectFromModel
from sklearn.model_selection import GridSearchCV, cross_validate, learning_curve
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from estimator_data import counts, features, labels, state_of, values
from gradstream import LinearClassifier, LinearRegressor
from gradstream.optim import SGD, Adam, Constant, InverseTime, InvScaling, Optimal
from near import assert_near

HAS_CALLBACKS = tuple(map(int, sklearn.__version__.split(".")[:2])) >= (1, 9)
N, D = 200, 5


@pytest.fixture
def X():
    return features(N, D)


@pytest.fixture
def y(X):
    return labels(X, 3)


# scikit-learn's own compositions


def test_pipeline_and_its_scores(X, y):
    pipeline = make_pipeline(StandardScaler(), LinearClassifier()).fit(X, y)
    assert_near(pipeline.predict_proba(X), LinearClassifier().fit(X, y).predict_proba(X), 1e-6)
    scores = cross_validate(pipeline, X, y, cv=3, scoring=["accuracy", "neg_log_loss", "roc_auc_ovr"])
    assert scores["test_accuracy"].mean() > 0.5


def test_one_hot_columns_come_as_csr():
    frame = pd.DataFrame({"a": list("xyzx") * 20, "b": list("uvvu") * 20})
    y = (frame["a"] == "x").to_numpy()
    model = make_pipeline(OneHotEncoder(), LinearClassifier()).fit(frame, y)
    assert model.score(frame, y) == 1.0
    np.testing.assert_array_equal(model.classes_, [False, True])


def test_grid_search_reaches_nested_parameters(X, y):
    grid = {"optimizer__beta_1": [0.5, 0.9], "alpha": [1e-4, 1e-2], "learning_rate": ["auto", InvScaling(0.1)]}
    estimator = LinearClassifier(optimizer=Adam(), max_iter=10, tol=None, random_state=0)
    search = GridSearchCV(estimator, grid, cv=2, n_jobs=2).fit(X, y)
    assert search.best_params_.keys() == grid.keys()
    assert search.best_score_ > 0.4


def test_one_vs_rest_and_calibration(X, y):
    assert OneVsRestClassifier(LinearClassifier("hinge")).fit(X, y).score(X, y) > 0.5
    calibrated = CalibratedClassifierCV(LinearClassifier("squared_hinge"), cv=3).fit(X, y, np.ones(N))
    np.testing.assert_allclose(calibrated.predict_proba(X).sum(axis=1), 1.0)


@pytest.mark.parametrize("estimator", [LinearClassifier(), LinearRegressor()], ids=["classifier", "regressor"])
def test_incremental_learning_curve(X, estimator):
    y = labels(X) if isinstance(estimator, LinearClassifier) else values(X)
    _, _, scores = learning_curve(estimator, X, y, cv=3, exploit_incremental_learning=True, train_sizes=[0.3, 1.0])
    assert scores[-1].mean() > 0.3


def test_selection_by_l1(X):
    y = values(X)
    selector = SelectFromModel(LinearRegressor(penalty="l1", alpha=0.5)).fit(X, y)
    np.testing.assert_array_equal(selector.get_support(), np.abs(selector.estimator_.coef_) >= 1e-5)


def test_metadata_routing(X, y):
    weights = np.random.default_rng(0).integers(1, 4, N).astype(float)
    with sklearn.config_context(enable_metadata_routing=True):
        estimator = LinearClassifier().set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
        scaler = StandardScaler().set_fit_request(sample_weight=False)
        model = make_pipeline(scaler, estimator).fit(X, y, sample_weight=weights)
        with pytest.raises(TypeError, match="weights"):
            LinearClassifier().set_partial_fit_request(weights=True)
    direct = LinearClassifier().fit(StandardScaler().fit_transform(X), y, weights)
    assert_near(model[-1].coef_, direct.coef_, 1e-10)


# clone, pickle, processes


@pytest.mark.parametrize("optimizer", ["auto", Adam(beta_1=0.5)])
def test_clone_repr_and_parameters(optimizer):
    estimator = LinearClassifier("hinge", alpha=0.1, optimizer=optimizer, learning_rate=Constant(0.1))
    copied = clone(estimator)
    assert repr(copied) == repr(estimator)
    assert copied.get_params().keys() == estimator.get_params().keys()
    assert copied.learning_rate is not estimator.learning_rate


@pytest.mark.parametrize("container", [np.asarray, sparse.csr_array])
def test_pickles_go_on_bit_by_bit(X, y, container, tmp_path):
    rows = container(X)
    model = LinearClassifier(batch_size=8, max_iter=3, tol=None, random_state=0).fit(rows, y)
    model.progressive_fit(rows[:13], y[:13], delay=2)
    joblib.dump(model, tmp_path / "model")
    copies = [
        pickle.loads(pickle.dumps(model)),
        joblib.load(tmp_path / "model"),
        joblib.load(tmp_path / "model", mmap_mode="r"),
    ]
    model.partial_fit(rows[13:], y[13:]).flush()
    for copied in copies:
        copied.partial_fit(rows[13:], y[13:]).flush()
        assert state_of(copied) == state_of(model)


def fit_coefficients(X, y, n_jobs):
    return LinearClassifier(n_jobs=n_jobs).fit(X, y).coef_


@pytest.mark.parametrize("backend", ["loky", "threading", "multiprocessing"])
def test_joblib_workers(backend, X, y):
    here = LinearClassifier().fit(X, y)
    with joblib.parallel_config(backend=backend, n_jobs=2):
        there = joblib.Parallel()(joblib.delayed(fit_coefficients)(X, y, None) for _ in range(4))
        # The coefficients of an estimator that was already used come through as well.
        predictions = joblib.Parallel()(joblib.delayed(here.predict)(X) for _ in range(2))
    for coef in there:
        np.testing.assert_array_equal(coef, here.coef_)
    np.testing.assert_array_equal(predictions[0], here.predict(X))


# data frames and other containers


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame], ids=["pandas", "polars"])
def test_feature_names(frame, X, y):
    names = [f"column {j}" for j in range(D)]
    rows = frame(dict(zip(names, X.T, strict=True)))
    model = LinearClassifier().fit(rows, y)
    np.testing.assert_array_equal(model.feature_names_in_, names)
    np.testing.assert_array_equal(model.predict(rows), LinearClassifier().fit(X, y).predict(X))
    model.partial_fit(rows, y)
    with pytest.warns(UserWarning, match="X does not have valid feature names"):
        model.predict(X)
    with pytest.raises(ValueError, match="feature names should match"):
        model.partial_fit(rows[names[::-1]], y)
    assert model.fit(X, y).predict(X).shape == (N,)
    assert not hasattr(model, "feature_names_in_")


def test_pandas_labels_and_weights(X):
    y = pd.Series(np.where(labels(X) > 0, "yes", "no"), index=range(N, 0, -1))
    weights = pd.Series(np.arange(N) % 3)
    model = LinearClassifier().fit(pd.DataFrame(X), y, weights)
    np.testing.assert_array_equal(model.classes_, ["no", "yes"])
    plain = LinearClassifier().fit(X, y.to_numpy(), weights.to_numpy())
    np.testing.assert_array_equal(model.coef_, plain.coef_)


@pytest.mark.parametrize("form", ["csr", "csc", "coo", "lil", "dok", "bsr", "dia"])
def test_every_sparse_format(form, X, y):
    rows, y = sparse.csr_array(X * (X > 0))[:60], y[:60]
    model = LinearClassifier().fit(rows.asformat(form), y)
    np.testing.assert_array_equal(model.coef_, LinearClassifier().fit(rows, y).coef_)
    np.testing.assert_array_equal(model.predict(rows.asformat(form)), model.predict(rows))


def test_duplicates_of_other_formats_are_summed():
    rows = sparse.coo_array(([1.0, 2.0, 3.0], ([0, 0, 1], [0, 0, 1])), shape=(2, 2))
    model = LinearRegressor(standardize=False).fit(rows, [1.0, 2.0])
    expected = LinearRegressor(standardize=False).fit(rows.toarray(), [1.0, 2.0])
    assert_near(model.coef_, expected.coef_, 1e-9)


@pytest.mark.parametrize("dtype", [np.int32, np.uint8, np.float16, bool])
def test_other_dtypes_are_converted(dtype):
    X = np.random.default_rng(0).integers(0, 2, (60, 4)).astype(dtype)
    y = X[:, 0].astype(int)
    model = LinearClassifier().fit(X, y)
    assert model.coef_.dtype == np.float64
    np.testing.assert_array_equal(model.coef_, LinearClassifier().fit(X.astype(float), y).coef_)


def test_fields_of_packed_records_and_strided_csr(X, y):
    records = np.zeros(N, [("tag", np.int8), ("x", np.float64, (D,))])
    records["x"] = X
    assert not records["x"].flags.aligned
    expected = LinearClassifier().fit(X, y).coef_
    np.testing.assert_array_equal(LinearClassifier().fit(records["x"], y).coef_, expected)
    rows, expected = sparse.csr_array(X), LinearClassifier().fit(sparse.csr_array(X), y).coef_
    rows.data = np.repeat(rows.data, 2)[::2]
    np.testing.assert_array_equal(LinearClassifier().fit(rows, y).coef_, expected)


@pytest.mark.parametrize(
    "y",
    [
        np.array([3, -2, 3, 7, 7, -2]),
        np.array([3, 250, 3, 250, 3, 3], np.uint8),
        np.array([10**12, -(10**12)] * 3),
        np.array([True, False] * 3),
        np.array([2.0, 0.0, 2.0] * 2),
        np.array(["no", "yes", "yes"] * 2, object),
    ],
    ids=["integers", "bytes", "far apart", "bool", "floats", "objects"],
)
def test_labels_of_every_kind(y):
    X = features(6, 2)
    model = LinearClassifier(max_iter=2, tol=None).fit(X, y)
    classes, codes = np.unique(y, return_inverse=True)
    np.testing.assert_array_equal(model.classes_, classes)
    assert model.classes_.dtype == y.dtype
    np.testing.assert_array_equal(model.coef_, LinearClassifier(max_iter=2, tol=None).fit(X, codes).coef_)
    assert model.predict(X).dtype == y.dtype
    model.learn_one(X[0], y[0])
    assert model.predict_one(X[0]) in classes


# early stopping


def test_early_stopping_on_a_split_keeps_the_best_epoch(X):
    X = features(1000, D)
    y = labels(X, 3)
    model = LinearClassifier(early_stopping=True, validation_fraction=0.2, random_state=0).fit(X, y)
    assert model.optimizer_ == "adagrad"
    assert len(model.validation_scores_) == model.n_iter_ == len(model.loss_curve_) < 1000
    assert model.n_samples_seen_ == 800
    assert model.score(X, y) > 0.5
    with pytest.raises(ValueError, match="test_size = 2 should be greater or equal to the number of classes = 3"):
        LinearClassifier(early_stopping=True).fit(X[:20], np.arange(20) % 3)


@pytest.mark.parametrize("cls", [LinearClassifier, LinearRegressor])
def test_early_stopping_on_given_rows_keeps_the_best_epoch(cls):
    X = features(600, D)
    y = labels(X) if cls is LinearClassifier else values(X)
    validation = {"X_val": X[400:], "y_val": y[400:], "sample_weight_val": np.arange(200) % 3}
    model = cls(early_stopping=True, batch_size=16, max_iter=40, n_iter_no_change=3, tol=1e-3, random_state=0)
    model.fit(X[:400], y[:400], **validation)
    assert not hasattr(model, "optimality_")
    best = model.score(X[400:], y[400:], np.arange(200) % 3)
    assert best == pytest.approx(max(model.validation_scores_), abs=1e-12)
    assert model.n_samples_seen_ == 400


def test_of_epochs_that_score_the_same_the_first_is_kept():
    X = features(600, D)
    y = labels(X)
    rows, validation = (X[:400], y[:400]), {"X_val": X[400:410], "y_val": y[400:410]}
    model = LinearClassifier(early_stopping=True, batch_size=16, max_iter=30, tol=None, random_state=0)
    scores = model.fit(*rows, **validation).validation_scores_
    assert scores.count(max(scores)) > 1
    until = LinearClassifier(**{**model.get_params(), "max_iter": scores.index(max(scores)) + 1}).fit(
        *rows, **validation
    )
    np.testing.assert_array_equal(model.coef_, until.coef_)


def test_early_stopping_of_a_poisson_regressor():
    X = features(400, D)
    model = LinearRegressor("poisson", early_stopping=True, optimizer=SGD(), learning_rate=0.01, random_state=0)
    assert model.fit(X, counts(X)).validation_scores_[-1] > 0.1


# starts


@pytest.mark.parametrize("batch_size", ["full", 50])
def test_a_start_at_the_optimum_stays_there(batch_size, X, y):
    best = LinearClassifier(alpha=0.01, tol=1e-9).fit(X, y)
    start = {"coef_init": best.coef_, "intercept_init": best.intercept_}
    given = {name: array.copy() for name, array in start.items()}
    model = LinearClassifier(alpha=0.01, batch_size=batch_size, max_iter=1, tol=None, learning_rate=1e-9)
    model.fit(X, y, **start)
    assert_near(model.coef_, best.coef_, 1e-6)
    assert_near(model.intercept_, best.intercept_ - best.intercept_.mean() * (batch_size == "full"), 1e-6)
    for name, array in start.items():
        np.testing.assert_array_equal(array, given[name])


def test_warm_start_goes_on_from_the_last_fit(X, y):
    model = LinearClassifier(max_iter=1, tol=None, warm_start=True)
    curve = [model.fit(X, y).objective_ for _ in range(20)]
    cold = LinearClassifier(max_iter=1, tol=None)
    assert curve[-1] < curve[0]
    assert [cold.fit(X, y).objective_ for _ in range(2)] == [curve[0]] * 2
    with pytest.raises(ValueError, match="warm_start=True goes on from 5 features"):
        model.fit(X[:, :3], y)
    with pytest.raises(ValueError, match="warm_start=True goes on from classes"):
        model.fit(X, y + 1)


def test_seeds(X, y):
    models = [LinearClassifier(batch_size=16, max_iter=2, tol=None, random_state=seed).fit(X, y) for seed in (0, 0, 1)]
    assert state_of(models[0]) == state_of(models[1])
    assert (models[0].coef_ != models[2].coef_).any()
    ordered = [
        LinearClassifier(batch_size=16, max_iter=2, tol=None, shuffle=False, random_state=seed).fit(X, y)
        for seed in (0, 1)
    ]
    np.testing.assert_array_equal(ordered[0].coef_, ordered[1].coef_)


@pytest.mark.parametrize("schedule", ["constant", "invscaling", "inverse_time", "optimal", 0.05])
def test_schedules_by_name_are_the_objects(schedule, X):
    y = values(X)
    objects = {"constant": Constant(), "invscaling": InvScaling(), "inverse_time": InverseTime(), "optimal": Optimal()}
    parameters = {"optimizer": "sgd", "batch_size": 4, "alpha": 0.1, "max_iter": 3, "tol": None, "random_state": 0}
    named = LinearRegressor(learning_rate=schedule, **parameters).fit(X, y)
    built = LinearRegressor(learning_rate=objects.get(schedule, Constant(0.05)), **parameters).fit(X, y)
    assert state_of(named) == state_of(built)


# words of a fit


def test_convergence_warning_names_gap_and_remedy(X, y):
    with pytest.warns(ConvergenceWarning, match=r"max_iter = 2 .*optimality_ = \S+ > tol = 1.0e-06. Increase max_iter"):
        LinearClassifier(max_iter=2).fit(X, y)
    with pytest.warns(ConvergenceWarning, match=r"max_iter = 2 epochs.*Increase max_iter or tol"):
        LinearClassifier(max_iter=2, batch_size=8).fit(X, y)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert LinearClassifier(max_iter=2, tol=None).fit(X, y).n_iter_ == 2


def test_verbose_prints_a_line_per_iteration(X, y, capsys):
    model = LinearClassifier(verbose=1, early_stopping=True, max_iter=3, tol=None).fit(X, y)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == model.n_iter_ == 3
    assert lines[0].startswith("[LinearClassifier] epoch 1  objective ")
    assert "validation score" in lines[0]
    model = LinearRegressor(verbose=1, max_iter=50).fit(X, values(X))
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == model.n_iter_
    assert "optimality" in lines[-1]


# callbacks


class Recorder:
    """A callback that keeps the score of every epoch and asks to stop after some."""

    max_propagation_depth = None

    def __init__(self, stop_after=None):
        self.scores, self.begun, self.open, self.stop_after = [], 0, 0, stop_after

    def setup(self, estimator, context):
        self.open += 1

    def on_fit_task_begin(self, estimator, context):
        self.begun += isinstance(estimator, LinearClassifier)

    def on_fit_task_end(self, estimator, context, *, X=None, y=None, fitted_estimator=None):
        if (
            isinstance(estimator, LinearClassifier)
            and fitted_estimator is not None
            and context.task_name == "iteration"
        ):
            self.scores.append(fitted_estimator.score(X, y))
            return len(self.scores) == self.stop_after
        return False

    def teardown(self, estimator, context):
        self.open -= 1


@pytest.mark.skipif(not HAS_CALLBACKS, reason="scikit-learn has callbacks since 1.9")
def test_a_callback_sees_every_epoch_and_may_stop_the_fit(X, y):
    recorder = Recorder(stop_after=4)
    model = LinearClassifier(batch_size=16, tol=None, max_iter=9, random_state=0).set_callbacks(recorder).fit(X, y)
    assert model.n_iter_ == len(recorder.scores) == 4
    assert recorder.scores[-1] == model.score(X, y)
    assert recorder.begun == 5  # the fit and its epochs
    assert recorder.open == 0


@pytest.mark.skipif(not HAS_CALLBACKS, reason="scikit-learn has callbacks since 1.9")
@pytest.mark.parametrize("batch_size", ["full", 16])
def test_callbacks_come_through_a_pipeline_and_a_failed_fit(X, y, batch_size):
    recorder = Recorder()
    estimator = LinearClassifier(batch_size=batch_size, max_iter=30, tol=1e-2)
    pipeline = make_pipeline(StandardScaler(), estimator).set_callbacks(recorder).fit(X, y)
    assert recorder.begun >= pipeline[-1].n_iter_
    assert recorder.open == 0
    with pytest.raises(ValueError, match="NaN"):
        clone(estimator).set_callbacks(recorder).fit(np.full_like(X, np.nan), y)
    assert recorder.open == 0


@pytest.mark.skipif(not HAS_CALLBACKS, reason="scikit-learn has callbacks since 1.9")
def test_progress_bar(X, y, capsys):
    pytest.importorskip("rich", reason="scikit-learn's ProgressBar draws with rich")
    from sklearn.callback import ProgressBar

    LinearClassifier(batch_size=16, max_iter=5, tol=None).set_callbacks(ProgressBar()).fit(X, y)
    assert "LinearClassifier" in capsys.readouterr().out
