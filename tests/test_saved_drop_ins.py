"""An estimator that keeps plain attributes joins with a mixin and one line: here scikit-learn's own SGD."""

import copy
import json

import numpy as np
import pytest
from scipy import sparse
from sklearn import linear_model

from estimator_data import features, labels, values
from exported_c import COMPILER, Exported
from gradstream import load
from gradstream.estimators._saved import SavedEstimator
from gradstream.persistence import register


class Classifier(SavedEstimator, linear_model.SGDClassifier):
    def __getstate__(self):
        """No scratch, as pickles have none."""
        return {name: value for name, value in super().__getstate__().items() if name != "_loss_function_"}


class Regressor(SavedEstimator, linear_model.SGDRegressor):
    pass


register("tests.Classifier", Classifier)
register("tests.Regressor", Regressor)

X = features(60, 5)
X = (X - X.mean(axis=0)) / X.std(axis=0)


def fitted(cls, **parameters):
    y = labels(X, 3) if cls is Classifier else values(X)
    return cls(random_state=0, **parameters).fit(X, y), y


@pytest.mark.parametrize("cls", [Classifier, Regressor])
@pytest.mark.parametrize("average", [False, True])
def test_it_is_saved_and_goes_on(tmp_path, cls, average):
    model, y = fitted(cls, average=average)
    model.save(tmp_path / "model.gsm")
    loaded = load(tmp_path / "model.gsm")
    other = cls(random_state=0, average=average).set_state(model.get_state())
    expected = copy.deepcopy(model).partial_fit(X, y).coef_
    for one in (loaded, other):
        assert type(one) is cls
        np.testing.assert_array_equal(one.predict(X), model.predict(X))
        np.testing.assert_array_equal(one.partial_fit(X, y).coef_, expected)


@pytest.mark.parametrize("cls", [Classifier, Regressor])
def test_it_is_frozen(cls):
    model, y = fitted(cls)
    frozen, before = model.frozen(), model.predict(X)
    model.partial_fit(X, y)
    np.testing.assert_array_equal(frozen.predict(X), before)
    assert not hasattr(frozen, "predict_proba")


@pytest.mark.skipif(COMPILER is None, reason="there is no C compiler here: cc, gcc, clang")
@pytest.mark.parametrize("cls", [Classifier, Regressor])
def test_it_is_exported(tmp_path, cls):
    model, _ = fitted(cls)
    predicted = Exported(model, tmp_path).each("gradstream_predict", X)
    if cls is Classifier:
        np.testing.assert_array_equal(model.classes_[predicted], model.predict(X))
    else:
        np.testing.assert_allclose(predicted, model.predict(X))


@pytest.mark.skipif(COMPILER is None, reason="there is no C compiler here: cc, gcc, clang")
@pytest.mark.parametrize("loss", ["log_loss", "modified_huber"])
def test_its_probabilities_are_exported(tmp_path, loss):
    model, _ = fitted(Classifier, loss=loss)
    proba = Exported(model, tmp_path).each("gradstream_predict_proba", X, columns=3)
    np.testing.assert_allclose(proba, model.predict_proba(X), atol=1e-12)


def test_sparse_coefficients_are_saved(tmp_path):
    model, _ = fitted(Classifier, penalty="l1", alpha=0.1)
    model.sparsify().save(tmp_path / "model.gsm")
    loaded = load(tmp_path / "model.gsm")
    assert sparse.issparse(loaded.coef_)
    loaded.export(tmp_path / "model.json", "json")
    np.testing.assert_array_equal(json.loads((tmp_path / "model.json").read_text())["coef"], loaded.coef_.toarray())
    np.testing.assert_array_equal(loaded.densify().coef_, model.densify().coef_)
