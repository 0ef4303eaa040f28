"""One model, many threads: predictions beside a learner are those of a state that was, and learners do not meet."""

import contextlib
import copy
import os
import pickle
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from scipy import sparse

from estimator_data import RATES, features, labels
from gradstream import LinearClassifier
from gradstream.linear_model import SGDClassifier
from sanitized import SANITIZED

D, CHUNKS = 20, 12
ROWS, READERS, WIDE = (200, 3, 600) if SANITIZED else (1500, 10, 3000)  # WIDE: a copy takes as long as several rows
LEARNERS = [
    {},
    {"optimizer": "sgd", "learning_rate": 0.01},
    {"optimizer": "adam", "learning_rate": RATES["adam"]},
    {"optimizer": "adagrad", "batch_size": 64},
]


class Readers:
    """Threads that call again and again while a block runs; what they heard, and what went wrong."""

    def __init__(self, calls):
        self.heard = [[] for _ in calls]
        self.errors = []
        self._done = threading.Event()
        self._threads = [threading.Thread(target=self._read, args=pair) for pair in zip(calls, self.heard, strict=True)]

    def _read(self, call, heard):
        try:
            heard.append(call())  # a busy machine may be done before this thread begins
            while not self._done.is_set():
                heard.append(call())
        except Exception as error:
            self.errors.append(error)

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *error):
        self._done.set()
        for thread in self._threads:
            thread.join()


def states_of(chunk_of, parameters, answer):
    """What a model answers after each chunk, learnt with nobody around."""
    model = LinearClassifier(n_jobs=1, random_state=0, **parameters)
    answers = []
    for i in range(CHUNKS + 1):
        model.partial_fit(*chunk_of(i), classes=[0, 1])
        answers.append(answer(model))
    return answers


@pytest.mark.parametrize("parameters", LEARNERS, ids=lambda each: each.get("optimizer", "untuned"))
@pytest.mark.parametrize("call", ["row", "margin", "chunk", "coef"])
def test_a_prediction_beside_a_learner_is_of_a_state_between_two_calls(parameters, call):
    X = features(ROWS * (CHUNKS + 1), D)
    y, x = labels(X), X[7]
    calls = {
        "row": lambda model: model.predict_proba_one(x).tobytes(),
        "margin": lambda model: model._model.one.margins(x).tobytes(),
        "chunk": lambda model: model.decision_function(X[:100]).tobytes(),
        "coef": lambda model: model.coef_.tobytes(),
    }

    def chunk_of(i):
        rows = slice(i * ROWS, (i + 1) * ROWS)
        return X[rows], y[rows]

    known = set(states_of(chunk_of, parameters, calls[call]))
    model = LinearClassifier(n_jobs=1, random_state=0, **parameters).partial_fit(*chunk_of(0), classes=[0, 1])
    with Readers([lambda: calls[call](model)] * READERS) as readers:
        for i in range(1, CHUNKS + 1):
            model.partial_fit(*chunk_of(i))
    assert not readers.errors
    assert all(readers.heard)
    assert set().union(*readers.heard) <= known
    assert calls[call](model) in known


@pytest.mark.parametrize("parameters", LEARNERS[:2], ids=["untuned", "sgd"])
@pytest.mark.parametrize("container", [np.asarray, sparse.csr_array])
def test_predictions_beside_single_rows_are_finite(parameters, container):
    """Dense ones are of a state between two rows; sparse models are read in place, record by record."""
    X = features(300, D, density=0.5)
    y = labels(X)
    model = LinearClassifier(n_jobs=1, **parameters).partial_fit(container(X), y, [0, 1])
    rows = [x if container is np.asarray else (np.flatnonzero(x), x[x != 0]) for x in X]
    with Readers([lambda: model.predict_proba_one(rows[5]), lambda: model.decision_function(container(X))]) as readers:
        for _ in range(20):
            for row, label in zip(rows, y.tolist(), strict=True):
                model.learn_one(row, label)
            model.partial_fit(container(X), y)
    assert not readers.errors
    assert all(len(heard) > 0 and np.isfinite(heard).all() for heard in readers.heard)


def test_rows_that_two_threads_teach_are_learnt_once_or_refused():
    X = features(2000, D)
    y = labels(X).tolist()
    model = LinearClassifier(n_jobs=1).partial_fit(X, y, [0, 1])
    learnt = [0] * 4

    def teach(at):
        for i in range(at, 2000, 4):
            with contextlib.suppress(RuntimeError):
                model.learn_one(X[i], y[i]) if at else model.partial_fit(X[i : i + 200], y[i : i + 200])
                learnt[at] += 1 if at else len(X[i : i + 200])

    threads = [threading.Thread(target=teach, args=(at,)) for at in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert model.n_samples_seen_ == 2000 + sum(learnt)
    assert np.isfinite(model.coef_).all()


@pytest.mark.parametrize("parameters", LEARNERS, ids=lambda each: each.get("optimizer", "untuned"))
@pytest.mark.parametrize(
    "way", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))], ids=["copy", "pickle"]
)
@pytest.mark.parametrize("calls", ["chunks", "rows", "delay"])
def test_a_copy_beside_a_learner_is_of_a_state_between_two_calls(parameters, way, calls):
    """Or an error that says so; the learner is not disturbed."""
    if calls == "delay" and "batch_size" in parameters:
        pytest.skip("rows of one number wait for their labels; blocks are covered by chunks")
    X = np.tile(features(200, WIDE), (3, 1))
    y = labels(X[:, :20])
    model = LinearClassifier(n_jobs=1, random_state=0, **parameters).partial_fit(X[:200], y[:200], [0, 1])
    known, copies, errors, done = {clock(model): bits(model)}, [], [], threading.Event()

    def make_copies():
        last = False
        while not last:
            last = done.is_set()  # a busy machine may be done before this thread begins
            try:
                copies.append(way(model))
            except RuntimeError as error:
                errors.append(str(error))

    thread = threading.Thread(target=make_copies)
    thread.start()
    for i in range(200, 600, 1 if calls == "rows" else 40):
        if calls == "rows":
            model.learn_one(X[i], int(y[i]))
        elif calls == "delay":
            model.progressive_fit(X[i : i + 40], y[i : i + 40], delay=7)
        else:
            model.partial_fit(X[i : i + 40], y[i : i + 40])
        known[clock(model)] = bits(model)
        if i % 40 == 0:
            time.sleep(0.002)
    done.set()
    thread.join()
    assert copies
    assert all(bits(copied) == known[clock(copied)] for copied in copies)
    assert all("cannot be copied or pickled meanwhile" in error for error in errors)


@pytest.mark.parametrize("way", [copy.copy, copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
@pytest.mark.parametrize("average", [False, True])
def test_copies_of_sgd_drop_ins_are_whole(way, average):
    """One of the two, the learner or who copies, may hear that the other is at it."""
    X = features(600, 2_000)
    y = labels(X[:, :20])
    model = SGDClassifier(random_state=0, average=average).partial_fit(X[:100], y[:100], [0, 1])
    known, copies, errors, done = {model.t_: model.coef_.tobytes()}, [], [], threading.Event()

    def make_copies():
        last = False
        while not last:
            last = done.is_set()
            try:
                copies.append(way(model))
            except RuntimeError as error:
                errors.append(str(error))
            time.sleep(1e-3)

    thread = threading.Thread(target=make_copies)
    thread.start()
    for i in range(100, 600, 5):
        try:
            model.partial_fit(X[i : i + 5], y[i : i + 5])
        except RuntimeError as error:
            errors.append(str(error))
        known[model.t_] = model.coef_.tobytes()
        time.sleep(1e-4)
    done.set()
    thread.join()
    assert copies
    assert len(known) > 2
    assert all(copied.coef_.tobytes() == known[copied.t_] for copied in copies)
    assert all("is learning already" in error for error in errors)


def clock(model):
    return model.n_samples_seen_, len(model._model.state.pending)


def bits(model):
    state = model._model.state
    return {name: array.tobytes() for name, array in state.arrays().items()} | {"pending": len(state.pending)}


FORKS = """
import os, signal, threading, warnings
import numpy as np
from gradstream import LinearClassifier
warnings.simplefilter("ignore")
signal.alarm(300)  # a child that waits for what it cannot have
X = np.random.default_rng(0).normal(size=(20_000, 50))
y = (X[:, 0] > 0).astype(int)
model = LinearClassifier(n_jobs=1).partial_fit(X, y, [0, 1])
done = threading.Event()

def teach():
    while not done.is_set():
        model.partial_fit(X, y)

def read():
    while not done.is_set():
        model.decision_function(X)

threads = [threading.Thread(target=work, daemon=True) for work in (teach, read, read)]
for thread in threads:
    thread.start()
for _ in range(15):
    child = os.fork()
    if child == 0:
        signal.alarm(120)
        model.predict(X[:5])
        model.learn_one(X[0], 1)
        model.partial_fit(X[:5], y[:5])
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
done.set()
for thread in threads:
    thread.join()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_forked_child_has_what_threads_of_its_parent_held():
    subprocess.run([sys.executable, "-c", FORKS], check=True)
