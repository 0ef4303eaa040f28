"""What the estimators promise to the process they run in: threads, the GIL, memory."""

import contextlib
import copy
import importlib
import subprocess
import sys
import threading
import time
import tracemalloc

import numpy as np
import pytest
from scipy import sparse

from estimator_data import CLASSIFIER_LOSSES, REGRESSOR_LOSSES, features, labels, state_of, targets, values
from gradstream import LinearClassifier, LinearRegressor
from gradstream._threads import thread_count
from sanitized import measures

# 4. Threads do not matter.


@pytest.mark.parametrize("loss", CLASSIFIER_LOSSES + REGRESSOR_LOSSES)
@pytest.mark.parametrize("container", [np.asarray, sparse.csr_array])
@pytest.mark.parametrize("batch_size", ["full", 512])
def test_any_n_jobs_gives_the_same_bits(loss, container, batch_size):
    X = features(20_000, 8, density=0.5)
    y = targets(loss, X)
    cls = LinearClassifier if loss in CLASSIFIER_LOSSES else LinearRegressor
    parameters = {"batch_size": batch_size, "max_iter": 3, "tol": None, "random_state": 0}
    one, *more = (cls(loss, n_jobs=n_jobs, **parameters).fit(container(X), y) for n_jobs in (1, 2, 5))
    for model in more:
        assert state_of(model) == state_of(one)
        np.testing.assert_array_equal(model.predict(container(X)), one.predict(container(X)))


def test_n_jobs_counts_as_in_scikit_learn():
    assert thread_count(3) == 3
    assert thread_count(-1) >= thread_count(-2) >= 1
    with pytest.raises(ValueError, match="n_jobs = 0 has no meaning"):
        LinearClassifier(n_jobs=0).fit([[0.0], [1.0]], [0, 1])


# 8. No surprise copies.


def peak_of(function):
    """Bytes that NumPy and Python allocated at most while the function ran."""
    tracemalloc.start()
    try:
        function()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def as_given(X, layout):
    return {"dense_c": X, "dense_f": np.asfortranarray(X), "every_second": np.repeat(X, 2, axis=0)[::2]}[layout]


@pytest.mark.parametrize("layout", ["dense_c", "dense_f", "every_second"])
@pytest.mark.parametrize("call", ["fit", "fit_blocks", "early_stopping", "partial_fit", "progressive_fit", "predict"])
def test_x_is_read_in_place(layout, call):
    X = as_given(features(20_000, 50), layout)
    X.flags.writeable = False
    y = labels(X)
    model = LinearClassifier(max_iter=2, tol=None, random_state=0)
    if call == "early_stopping":
        model.set_params(early_stopping=True)
    if call == "fit_blocks":
        model.set_params(batch_size=64)
    elif "fit" not in call or call == "progressive_fit":
        model.partial_fit(X[:10], y[:10], classes=[0, 1])
    calls = {
        "partial_fit": lambda: model.partial_fit(X, y, classes=[0, 1]),
        "progressive_fit": lambda: model.progressive_fit(X, y),
        "predict": lambda: model.predict(X),
    }
    importlib.import_module("sklearn.model_selection")  # early stopping splits with it; modules are not copies of X
    peak = peak_of(calls.get(call, lambda: model.fit(X, y)))
    # 64 bytes for a row, and the tenth of the rows that early stopping holds back
    allowed = 64 * len(X) + 0.1 * X.nbytes * (1 + (call == "early_stopping"))
    assert peak < allowed, f"{peak / X.nbytes:.2f} of X"


@pytest.mark.parametrize("call", ["fit", "partial_fit", "predict"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_csr_is_read_in_place(call, dtype):
    X = sparse.random_array((5000, 400), density=0.2, format="csr", dtype=dtype, rng=np.random.default_rng(0))
    y = labels(X.toarray())
    model = LinearClassifier(max_iter=2, tol=None).partial_fit(X[:10], y[:10], classes=[0, 1])
    peak = peak_of(lambda: model.predict(X) if call == "predict" else getattr(model, call)(X, y))
    assert peak < 64 * X.shape[0] + 0.1 * (X.data.nbytes + X.indices.nbytes)


GROWTH = """
import resource, sys
import numpy as np
from gradstream import LinearClassifier
rng = np.random.default_rng(0)
X = rng.normal(size=(200_000, 50))
if sys.argv[1] == "dense_f":
    X = np.asfortranarray(X)
y = (X[:, 0] > 0).astype(int)
model = LinearClassifier(max_iter=2, tol=None, n_jobs=2).fit(X[:100], y[:100])
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for call in (model.fit, model.partial_fit, lambda X, y: model.predict(X)):
    call(X, y)
print(1024 * (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / X.nbytes)
"""


@measures
@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss is in other units elsewhere")
@pytest.mark.parametrize("layout", ["dense_c", "dense_f"])
def test_the_process_grows_by_little(layout):
    command = [sys.executable, "-c", GROWTH, layout]
    growth = float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    # 64 bytes for a row of 400, a tenth for the rest, and a little for the stacks of threads
    assert growth < 64 / 400 + 0.1 + 0.05


PARTIAL_SUMS = """
import resource, sys
import numpy as np
from gradstream import LinearClassifier, _core
rng = np.random.default_rng(0)
X = rng.standard_normal((24_000, 300) if sys.argv[1] == "products" else (6_000, 1_000))
y, K = rng.integers(0, 100, len(X)).astype(float), 100
spec = LinearClassifier(optimizer="sgd", standardize=False).partial_fit(X[:K], range(K), range(K))._model.state.spec
W, b = np.zeros((1_000, K)), np.zeros(K)

def sums(X, y):
    if sys.argv[1] == "products":
        _core.gram_sums(X, y[:, None], None, 2)
    else:
        _core.loss_gradient(X, y, None, spec, W, None, b, 2)

sums(X[:300], y[:300])
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
sums(X, y)
print(1024 * (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / X.nbytes)
"""


@measures
@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss is in other units elsewhere")
@pytest.mark.parametrize("kind", ["gradients", "products"])
def test_partial_sums_take_a_twentieth_of_x(kind):
    command = [sys.executable, "-c", PARTIAL_SUMS, kind]
    growth = float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    assert growth < 0.05 + 0.06  # and what threads and two results take


def test_sparse_rows_of_a_centred_model_are_expanded_block_by_block():
    X = sparse.random_array((100_000, 200), density=0.01, format="csr", rng=np.random.default_rng(0))
    y = (X.sum(axis=1) > 1).astype(int)
    model = LinearClassifier().fit(X[:100].toarray(), y[:100])
    peak = peak_of(lambda: model.partial_fit(X, y))
    assert peak < 0.25 * X.shape[0] * X.shape[1] * 8


OUT_OF_MEMORY = """
import resource
import numpy as np
from gradstream import LinearClassifier
X = np.zeros((256, 20_000))
model = LinearClassifier(n_jobs=4).partial_fit(X[:1], [0], classes=range(100))
model.predict(X[:1])
used = resource.getpagesize() * int(open("/proc/self/statm").read().split()[0])
resource.setrlimit(resource.RLIMIT_AS, (used + 40 * 2**20, -1))
try:
    model.predict(X)
except MemoryError:
    print("MemoryError")
"""


@measures
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc, and RLIMIT_AS does not bind elsewhere")
def test_a_block_without_memory_ends_the_call_not_the_process():
    """The model fits into 40 MiB, the 46 MiB that a block of rows needs beside it do not, on whatever thread it is."""
    command = [sys.executable, "-c", OUT_OF_MEMORY]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "MemoryError\n"


# 9. The GIL is free while C++ runs.


def test_other_python_threads_go_on_while_cpp_learns():
    """A beat in the middle of a call, where only C++ runs, needs the GIL. A busy machine passes some calls without."""
    X = features(200_000, 20)
    y = values(X)
    model = LinearRegressor("huber", n_jobs=1)
    beats, done = [], threading.Event()

    def beat():
        while not done.is_set():
            beats.append(time.perf_counter())
            time.sleep(0.0005)

    def beats_inside(call):
        start = time.perf_counter()
        call()
        stop = time.perf_counter()
        tenth = (stop - start) / 10
        return sum(start + tenth < at < stop - tenth for at in list(beats))

    thread = threading.Thread(target=beat)
    thread.start()
    try:
        assert any(beats_inside(lambda: model.partial_fit(X, y)) for _ in range(50))
    finally:
        done.set()
        thread.join()


def again_and_again(call, seconds=20.0):
    """The other thread does not learn at every instant: between two of its calls there is a moment for ours."""
    stop = time.monotonic() + seconds
    while time.monotonic() < stop:
        call()


def test_two_threads_that_teach_one_estimator_get_an_error():
    X = features(100_000, 20)
    y = labels(X)
    model = LinearClassifier(n_jobs=1).partial_fit(X[:10], y[:10], classes=[0, 1])
    done = threading.Event()

    def teach():
        while not done.is_set():
            with contextlib.suppress(RuntimeError):
                model.partial_fit(X, y)

    thread = threading.Thread(target=teach)
    thread.start()
    calls = [
        lambda: model.partial_fit(X[:10], y[:10]),
        lambda: model.learn_one(X[0], y[0]),
        lambda: model.fit(X[:100], y[:100]),
        lambda: model.flush(),
    ]
    try:
        for call in calls:
            with pytest.raises(RuntimeError, match="is learning already"):
                again_and_again(call)
    finally:
        done.set()
        thread.join()
    model.partial_fit(X[:10], y[:10])


def test_two_threads_may_teach_two_estimators_and_many_may_predict():
    X = features(5000, 8)
    y = labels(X)
    expected = LinearClassifier(random_state=0).fit(X, y).partial_fit(X, y)
    models = [LinearClassifier(random_state=0) for _ in range(4)]
    served = LinearClassifier(random_state=0).fit(X, y)
    before, answers = copy.copy(vars(served)), []

    def work(model):
        model.fit(X, y).partial_fit(X, y)
        answers.append(served.predict_proba(X))

    threads = [threading.Thread(target=work, args=(model,)) for model in models]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(state_of(model) == state_of(expected) for model in models)
    assert vars(served) == before
    for answer in answers:
        np.testing.assert_array_equal(answer, served.predict_proba(X))


def test_a_row_is_refused_while_another_thread_fits():
    """The short way of learn_one asks for its turn like the long one: a row that is taken is in the model."""
    X = features(20_000, 5)
    y = labels(X)
    model = LinearClassifier(early_stopping=True, n_iter_no_change=40, max_iter=40, tol=None)
    model.partial_fit(X[:10], y[:10], [0, 1]).learn_one(X[0], y[0])

    def refused_rows():
        thread = threading.Thread(target=model.fit, args=(X, y))
        thread.start()
        refused = 0
        while thread.is_alive():
            try:
                model.learn_one(X[0], y[0])
            except RuntimeError:
                refused += 1
        thread.join()
        assert model.n_samples_seen_ - 0.9 * len(X) in (0, 1)  # the last one may have come when all was done
        return refused

    assert any(refused_rows() for _ in range(50))  # other work may keep this thread waiting for a whole fit


def test_reading_sparse_features_while_another_thread_meets_new_ones():
    """A reader finds the records of features as they are, or finds none: never room that is not theirs."""
    rng = np.random.default_rng(0)

    def chunk():
        return sparse.random_array((100, 1 << 18), density=1e-4, format="csr", rng=rng)

    model = LinearClassifier(n_jobs=1).partial_fit(chunk()[:2], [0, 1], [0, 1])
    waiting, done, heard = chunk(), threading.Event(), []

    def read():
        while not done.is_set():
            heard.append(np.isfinite(model.decision_function(waiting)).all())

    thread = threading.Thread(target=read)
    thread.start()
    for _ in range(60):
        model.partial_fit(chunk(), np.arange(100) % 2)
    done.set()
    thread.join()
    assert heard
    assert all(heard)
