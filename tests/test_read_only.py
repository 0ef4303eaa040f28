"""What readers get cannot be written to: nothing would come of it, or a model of nonsense."""

import copy
import pickle

import numpy as np
import pytest

from gradstream import LinearClassifier, LinearRegressor
from gradstream.linear_model import SGDClassifier
from saved_models import WAYS, stream

ATTRIBUTES = ("coef_", "intercept_", "classes_", "feature_names_in_")


def taught(cls, way):
    X, y = stream("log_loss", "dense", 3)
    X = pytest.importorskip("pandas").DataFrame(X, columns=list("abcdef"))  # of the test extra
    if way == "fit":
        return cls().fit(X, y)
    return cls().partial_fit(X, y, **({"classes": range(3)} if cls is LinearClassifier else {}))


def assert_read_only(model, names):
    for name in names:
        array = getattr(model, name)
        if isinstance(array, np.ndarray):
            with pytest.raises(ValueError, match="read-only"):
                array[...] = array[..., ::-1]


@pytest.mark.parametrize("way", ["fit", "partial_fit"])
@pytest.mark.parametrize("cls", [LinearClassifier, LinearRegressor])
def test_arrays_that_are_computed_raise(cls, way):
    model = taught(cls, way)
    names = ATTRIBUTES[:3] if cls is LinearClassifier else ATTRIBUTES[:2]
    assert_read_only(model, names)
    for copied in (each(model) for each in (*WAYS.values(), copy.copy)):
        assert_read_only(copied, names)


@pytest.mark.parametrize("cls", [LinearClassifier, LinearRegressor])
def test_frozen_arrays_raise(cls):
    frozen = taught(cls, "partial_fit").frozen()
    names = ATTRIBUTES if cls is LinearClassifier else (*ATTRIBUTES[:2], ATTRIBUTES[3])
    for one in (frozen, pickle.loads(pickle.dumps(frozen)), copy.deepcopy(frozen)):
        assert_read_only(one, names)


def test_frozen_drop_ins_raise():
    X, y = stream("log_loss", "dense", 3)
    model = SGDClassifier(random_state=0).fit(X, y)
    assert_read_only(model.frozen(), ATTRIBUTES[:3])
    sparse = model.sparsify().frozen()
    with pytest.raises(ValueError, match="read-only"):
        sparse.coef_.data[:] = 0
    model.coef_.data[:] = 0  # as scikit-learn's
    assert sparse.coef_.data.any()
