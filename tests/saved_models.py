"""Models in every state that is saved: axes, streams, and the four ways to stop and go on."""

import copy
import pickle
import tempfile
from pathlib import Path

import numpy as np
from scipy import sparse

import gradstream
from estimator_data import CLASSIFIER_LOSSES, RATES, features, labels, targets
from gradstream import LinearClassifier, LinearRegressor

D = 6
STREAM = 40


def through_a_file(model):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.gsm"
        model.save(path)
        return gradstream.load(path)


def through_a_state(model):
    """What went on is a new estimator of the same parameters."""
    return type(model)(**copy.deepcopy(model.get_params(deep=False))).set_state(model.get_state())


WAYS = {
    "file": through_a_file,
    "state": through_a_state,
    "pickle": lambda model: pickle.loads(pickle.dumps(model)),
    "deepcopy": copy.deepcopy,
}


def stream(loss, layout, n_classes=2, n=STREAM, seed=0):
    """Rows and targets in the domain of a loss."""
    X = features(n, D, seed=seed, density=0.5 if layout == "sparse" else 1.0)
    y = labels(X, n_classes, seed + 1) if loss in CLASSIFIER_LOSSES else targets(loss, X)
    return (sparse.csr_array(X) if layout == "sparse" else X), y


def named(loss, optimizer, **parameters):
    """A model of a named optimizer, or of the bank."""
    cls = LinearClassifier if loss in CLASSIFIER_LOSSES else LinearRegressor
    if optimizer != "bank":
        parameters |= {"optimizer": optimizer, "learning_rate": 0.1 * RATES[optimizer]}
    return cls(loss, random_state=0, **parameters)


def learn(model, X, y, n_classes=2):
    knows = hasattr(model, "classes_") or isinstance(model, LinearRegressor)
    return model.partial_fit(X, y) if knows else model.partial_fit(X, y, range(n_classes))


def known(model):
    """Everything of two models that has to be alike, bit by bit."""
    return flat(model.get_state(), "")


def flat(value, where):
    if isinstance(value, dict):
        return {name: part for key, entry in value.items() for name, part in flat(entry, f"{where}.{key}").items()}
    if isinstance(value, list):
        return {name: part for i, entry in enumerate(value) for name, part in flat(entry, f"{where}[{i}]").items()}
    if isinstance(value, np.ndarray) and value.dtype.kind != "O":
        return {where: (value.shape, value.dtype.str, value.tobytes())}
    if isinstance(value, np.ndarray):
        return {where: [(type(entry), entry) for entry in value.tolist()]}
    return {where: (type(value), repr(value))}
