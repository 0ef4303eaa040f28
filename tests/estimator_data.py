"""Data sets of the estimator tests, and the axes they run along."""

import numpy as np
from scipy import sparse

from gradstream import LinearClassifier, LinearRegressor

CLASSIFIER_LOSSES = ["log_loss", "hinge", "squared_hinge", "modified_huber"]
REGRESSOR_LOSSES = ["squared_error", "huber", "poisson", "gamma", "tweedie"]
OPTIMIZERS = ["sgd", "momentum", "adagrad", "adam"]
# What they learn well with on the rows of these tests.
RATES = {"sgd": 0.05, "momentum": 0.005, "adagrad": 0.5, "adam": 0.01}
LAYOUTS = ["dense_c", "dense_f", "strided", "csr32", "csr64"]


def features(n, d, seed=0, density=1.0):
    """Columns of unlike scales and offsets; with a density below 1 most entries are 0 and no column has an offset."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, d)) * np.logspace(-1, 1, d)
    if density < 1:
        return X * (rng.random((n, d)) < density)
    return X + rng.normal(size=d)


def standard(X):
    return (X - X.mean(axis=0)) / X.std(axis=0)


def labels(X, n_classes=2, seed=1):
    """Noisy labels 0..n_classes-1."""
    rng = np.random.default_rng(seed)
    Z = standard(X) @ rng.normal(size=(X.shape[1], n_classes)) + rng.gumbel(size=(len(X), n_classes))
    return Z.argmax(axis=1)


def values(X, seed=1):
    """Noisy real targets."""
    rng = np.random.default_rng(seed)
    return standard(X) @ rng.normal(size=X.shape[1]) + rng.normal(size=len(X)) + 3.0


def counts(X, seed=1):
    """Noisy counts."""
    rng = np.random.default_rng(seed)
    z = standard(X) @ rng.normal(size=X.shape[1]) / np.sqrt(X.shape[1])
    return rng.poisson(np.exp(np.clip(z, -3, 3))).astype(float)


def amounts(X, seed=1):
    """Noisy positive amounts."""
    rng = np.random.default_rng(seed)
    z = standard(X) @ rng.normal(size=X.shape[1]) / np.sqrt(X.shape[1])
    return rng.gamma(2.0, np.exp(np.clip(z, -3, 3)) / 2.0) + 1e-3


def targets(loss, X, seed=1):
    """Targets in the domain of a loss."""
    kinds = dict.fromkeys(CLASSIFIER_LOSSES, labels) | {"poisson": counts, "gamma": amounts, "tweedie": counts}
    return kinds.get(loss, values)(X, seed=seed)


def in_layout(X, layout):
    """The same rows in one of LAYOUTS."""
    if layout == "dense_c":
        return np.ascontiguousarray(X)
    if layout == "dense_f":
        return np.asfortranarray(X)
    if layout == "strided":
        return np.repeat(np.repeat(X, 2, axis=0), 2, axis=1)[::2, ::2]
    csr = sparse.csr_array(X)
    index = np.int32 if layout == "csr32" else np.int64
    csr.indices, csr.indptr = csr.indices.astype(index), csr.indptr.astype(index)
    return csr


def state_of(model):
    """The bytes of everything a model goes on from, to compare two models bit by bit."""
    state = model._model.state
    return {name: array.tobytes() for name, array in state.arrays().items()} | {"pending": len(state.pending)}


def estimator(loss, **parameters):
    cls = LinearClassifier if loss in CLASSIFIER_LOSSES else LinearRegressor
    return cls(loss, random_state=0, **parameters)


def first_classes(model):
    return {"classes": [0, 1]} if isinstance(model, LinearClassifier) else {}
