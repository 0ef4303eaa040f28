"""If only one file is run, this one: every regime of both estimators, and what can be read from them."""

import pickle

import numpy as np
import pytest
from scipy import sparse
from sklearn.base import clone

import gradstream
from estimator_data import features, labels, values
from gradstream import LinearClassifier, LinearRegressor


def test_version_and_public_names():
    assert gradstream.__version__.count(".") >= 2
    assert set(gradstream.__all__) <= set(dir(gradstream))
    with pytest.raises(AttributeError, match="no attribute 'LogisticRegression'"):
        _ = gradstream.LogisticRegression


def test_show_versions(capsys):
    gradstream.show_versions()
    printed = capsys.readouterr().out
    assert gradstream.__version__ in printed
    assert gradstream._core.isa() in printed


@pytest.mark.parametrize("n_classes", [2, 4])
@pytest.mark.parametrize("batch_size", ["full", 32, 1])
def test_classifier(batch_size, n_classes):
    X = features(400, 6)
    y = np.array(["a", "b", "c", "d"])[labels(X, n_classes)]
    model = LinearClassifier(batch_size=batch_size, max_iter=50, tol=1e-3, random_state=0).fit(X[:300], y[:300])
    columns = 1 if n_classes == 2 else n_classes
    assert model.coef_.shape == (columns, 6)
    assert model.intercept_.shape == (columns,)
    assert model.score(X[300:], y[300:]) > 1.5 / n_classes
    np.testing.assert_allclose(model.predict_proba(X).sum(axis=1), 1.0)
    margins = X @ model.coef_.T + model.intercept_
    np.testing.assert_allclose(model.decision_function(X), margins[:, 0] if n_classes == 2 else margins, rtol=1e-9)


@pytest.mark.parametrize("batch_size", ["full", 32, 1])
def test_regressor(batch_size):
    X = features(400, 6)
    y = values(X)
    model = LinearRegressor(batch_size=batch_size, max_iter=100, tol=1e-3, random_state=0).fit(X[:300], y[:300])
    assert model.coef_.shape == (6,)
    assert isinstance(model.intercept_, float)
    assert model.score(X[300:], y[300:]) > 0.7
    np.testing.assert_allclose(model.predict(X), X @ model.coef_ + model.intercept_, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("container", [np.asarray, sparse.csr_array])
def test_a_stream_is_learnt(container):
    X = features(600, 5, density=0.5)
    y = labels(X)
    model = LinearClassifier()
    probabilities = model.progressive_fit(container(X), y, classes=[0, 1])
    assert np.mean(probabilities.argmax(axis=1)[200:] == y[200:]) > 0.7
    assert model.n_samples_seen_ == model.t_ == 600
    for x, label in zip(X[:20], y[:20], strict=True):
        assert model.learn_one(x, label) is None
    assert model.n_samples_seen_ == 620
    assert model.predict_one(X[0]) == model.predict(X[:1])[0]
    np.testing.assert_array_equal(model.predict_proba_one(X[0]), model.predict_proba(X[:1])[0])


def test_batch_then_online_then_pickle_then_clone():
    X = features(300, 4)
    y = values(X)
    model = LinearRegressor().fit(X[:200], y[:200]).partial_fit(X[200:], y[200:])
    assert model.n_samples_seen_ == 300
    back = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(back.predict(X), model.predict(X))
    np.testing.assert_array_equal(back.partial_fit(X, y).coef_, model.partial_fit(X, y).coef_)
    assert not hasattr(clone(model), "coef_")
