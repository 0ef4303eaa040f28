"""What holds for any model, cut, weight, number of threads and interruption that hypothesis finds."""

import copy
import pickle

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from estimator_data import OPTIMIZERS, RATES, amounts, counts, features, labels, values
from gradstream import LinearClassifier, LinearRegressor
from gradstream._state import FEATURES
from gradstream.optim import InvScaling

N, D = 48, 5
CONTAINERS = {"dense": np.asarray, "sparse": sparse.csr_array}
TARGETS = {
    "log_loss": labels,
    "hinge": labels,
    "modified_huber": lambda X: labels(X, 3),
    "squared_error": values,
    "huber": values,
    "poisson": counts,
    "gamma": amounts,
    "tweedie": counts,
}

models = st.fixed_dictionaries(
    {
        "loss": st.sampled_from(sorted(TARGETS)),
        "optimizer": st.sampled_from([*OPTIMIZERS, "auto", "auto"]),
        "penalty": st.sampled_from([None, "l2", "l1", "elasticnet"]),
        "alpha": st.sampled_from([1e-4, 1e-1]),
        "batch_size": st.sampled_from([1, 1, 3, 16]),
        "standardize": st.sampled_from(["auto", True, False]),
        "fit_intercept": st.booleans(),
    }
)
layouts = st.sampled_from(sorted(CONTAINERS))
dtypes = st.sampled_from([np.float32, np.float64])
seeds = st.integers(0, 20)
cuts = st.lists(st.integers(1, N - 1), max_size=6, unique=True).map(sorted)
weights_of_rows = st.lists(st.sampled_from([0.0, 0.5, 1.0, 1.0, 3.0]), min_size=N, max_size=N).filter(any).map(np.array)
thorough = settings(max_examples=40)


def estimator(model):
    parameters = dict(model)
    if parameters["optimizer"] != "auto":
        parameters["learning_rate"] = InvScaling(eta0=RATES[parameters["optimizer"]] / 10, power_t=0.25)
    elif parameters["batch_size"] > 1:
        parameters["optimizer"] = "adagrad"  # the untuned learner takes rows one by one
    cls = LinearClassifier if TARGETS[model["loss"]] is labels or model["loss"] == "modified_huber" else LinearRegressor
    return cls(random_state=0, **parameters)


def stream(model, layout, dtype, seed):
    X = features(N, D, seed, density=0.6).astype(dtype)
    return CONTAINERS[layout](X), TARGETS[model["loss"]](X)


def learn(estimator, X, y, weights=None):
    """One chunk; classes only where they are still needed."""
    first = not hasattr(estimator, "t_") and isinstance(estimator, LinearClassifier)
    classes = {"classes": [0, 1, 2] if estimator.loss == "modified_huber" else [0, 1]} if first else {}
    return estimator.partial_fit(X, y, sample_weight=weights, **classes)


def bits(estimator):
    """Everything a model goes on from; of sparse records those in use, as room grows in steps of its own."""
    state = estimator._model.state
    arrays = state.arrays()
    if state.bank and state.layout == "sparse":
        used = int(state.experts[FEATURES])
        arrays["records"] = arrays["records"][:used]
    return {name: array.tobytes() for name, array in arrays.items()}


def pair(row):
    return row.indices, row.data


@thorough
@given(model=models, layout=layouts, dtype=dtypes, seed=seeds, cuts=cuts, weights=weights_of_rows, data=st.data())
def test_any_chunks_and_rows_on_their_own_give_the_same_bits(model, layout, dtype, seed, cuts, weights, data):
    X, y = stream(model, layout, dtype, seed)
    whole, pieces = learn(estimator(model), X, y, weights), estimator(model)
    for first, last in zip([0, *cuts], [*cuts, N], strict=True):
        by_rows = first > 0 and data.draw(st.booleans(), label="row by row")
        if not by_rows:
            learn(pieces, X[first:last], y[first:last], weights[first:last])
        for i in range(first, last) if by_rows else ():
            pieces.learn_one(X[i] if layout == "dense" else pair(X[[i]]), y[i], weights[i])
        if data.draw(st.booleans(), label="asked"):
            pieces.predict(X)
    assert bits(pieces) == bits(whole)
    assert bits(pieces.flush()) == bits(whole.flush())


@thorough
@given(model=models, layout=layouts, dtype=dtypes, seed=seeds, weights=weights_of_rows)
def test_rows_of_weight_zero_are_no_rows(model, layout, dtype, seed, weights):
    X, y = stream(model, layout, dtype, seed)
    kept = np.flatnonzero(weights)
    weighted = learn(estimator(model), X, y, weights)
    short = learn(learn(estimator(model), X[:1], y[:1], [0.0]), X[kept], y[kept], weights[kept])
    assert bits(weighted) == bits(short)
    assert weighted.n_samples_seen_ == len(kept)


@thorough
@given(model=models, layout=layouts, dtype=dtypes, seed=seeds, weights=weights_of_rows, n_jobs=st.integers(2, 7))
def test_threads_change_no_bit(model, layout, dtype, seed, weights, n_jobs):
    X, y = stream(model, layout, dtype, seed)
    one, many = (learn(estimator(model).set_params(n_jobs=n), X, y, weights) for n in (1, n_jobs))
    assert bits(one) == bits(many)
    rows = np.tile(np.arange(N), 50)
    np.testing.assert_array_equal(one.predict(X[rows]), many.predict(X[rows]))


@thorough
@given(
    model=models,
    layout=layouts,
    dtype=dtypes,
    seed=seeds,
    cut=st.integers(1, N - 1),
    resume=st.sampled_from([copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))]),
)
def test_a_model_that_was_stopped_goes_on_with_the_same_bits(model, layout, dtype, seed, cut, resume):
    X, y = stream(model, layout, dtype, seed)
    never = learn(learn(estimator(model), X[:cut], y[:cut]), X[cut:], y[cut:])
    stopped = resume(learn(estimator(model), X[:cut], y[:cut]))
    stopped.learn_one(X[cut] if layout == "dense" else pair(X[[cut]]), y[cut])
    if cut + 1 < N:
        learn(stopped, X[cut + 1 :], y[cut + 1 :])
    assert bits(stopped) == bits(never)
