"""The core's own door: arrays of the wrong size, type or place are refused by name, never read."""

import numpy as np
import pytest
from scipy import sparse

from gradstream import LinearClassifier, _core
from gradstream._parameters import online_spec
from gradstream._state import LearnerState

N, D = 6, 3
X = np.arange(N * D, dtype=np.float64).reshape(N, D)
Y = np.array([-1.0, 1.0] * (N // 2))
SPEC = {
    "bank": {"optimizer": "auto", "learning_rate": "auto", "batch_size": "auto"},
    "sgd": {"optimizer": "sgd", "learning_rate": "auto", "batch_size": 1},
}


def spec_of(kind):
    return online_spec(LinearClassifier(**SPEC[kind]).get_params(), columns=1, sparse=False)


def state_of(kind):
    return LearnerState.create(spec_of(kind), D, "dense", np.dtype(np.float64), 0)


def misplaced(array):
    """The same numbers, one byte past where their type may be read."""
    memory = np.zeros(array.nbytes + 1, np.uint8)[1:]
    moved = memory.view(array.dtype).reshape(array.shape)
    moved[...] = array
    assert not moved.flags.aligned
    return moved


def csr(**parts):
    matrix = sparse.csr_array(X)
    known = {"data": matrix.data, "indices": matrix.indices, "indptr": matrix.indptr} | parts
    return known["data"], known["indices"], known["indptr"], D


def no_sparse_rows(X):
    return np.zeros(0), np.zeros(0, np.int32), np.zeros(1, np.int32), X.shape[1]


ROWS = {
    "one dimension": (X[0], ValueError, "2 dimensions"),
    "integers": (X.astype(np.int64), TypeError, "float32 or float64"),
    "swapped bytes": (X.astype(X.dtype.newbyteorder()), TypeError, "float32 or float64"),
    "misplaced": (misplaced(X), ValueError, "aligned"),
    "a list": (X.tolist(), TypeError, "an array or a CSR tuple"),
    "three parts": (csr()[:3], TypeError, "a CSR tuple is"),
    "unequal parts": (csr(data=np.zeros(1)), ValueError, "differ in length"),
    "no row pointers": (csr(indptr=np.zeros(0, np.int32)), ValueError, "n_rows . 1"),
    "mixed indices": (csr(indptr=csr()[2].astype(np.int64)), TypeError, "one dtype"),
    "short indices": (csr(indices=csr()[1].astype(np.int16), indptr=csr()[2].astype(np.int16)), TypeError, "int32"),
    "misplaced values": (csr(data=misplaced(csr()[0])), ValueError, "aligned"),
    "misplaced indices": (csr(indices=misplaced(csr()[1])), ValueError, "aligned"),
    "backwards": (csr(data=csr()[0][::-1]), ValueError, "contiguous"),
}


@pytest.mark.parametrize("case", ROWS)
def test_rows(case):
    rows, error, match = ROWS[case]
    with pytest.raises(error, match=match):
        _core.moments(rows, None, 1)
    with pytest.raises(error, match=match):
        state_of("sgd").core().report(rows, np.zeros((N, 1)), 1)


def test_row_pointers_begin_at_0():
    assert _core.check_csr(csr(indptr=csr()[2] + 1))[0] == "indptr"
    assert _core.check_csr(csr(indptr=csr()[2] - 1))[0] == "indptr"


@pytest.mark.parametrize("kind", SPEC)
@pytest.mark.parametrize(
    "y, weight, report, error",
    [
        (None, None, None, TypeError),
        (Y[:-1], None, None, ValueError),
        (Y.astype(np.float32), None, None, TypeError),
        (np.repeat(Y, 2)[::2], None, None, ValueError),
        (misplaced(Y), None, None, ValueError),
        (Y, np.ones(N + 1), None, ValueError),
        (Y, None, np.zeros((N, 2)), ValueError),
    ],
)
def test_what_a_learner_is_told_of_rows(kind, y, weight, report, error):
    state = state_of(kind)
    before = {name: array.tobytes() for name, array in state.arrays().items()}
    learner = state.core()
    with pytest.raises(error):
        learner.learn(X, y, weight, report, 1)
    with pytest.raises(error):
        learner.learn_delayed(X, y, weight, np.zeros((N, 1)) if report is None else report, 0, 0)
    assert {name: array.tobytes() for name, array in state.arrays().items()} == before


@pytest.mark.parametrize("layout", [np.asarray, np.asfortranarray, no_sparse_rows])
def test_no_rows(layout):
    none = layout(X[:0])
    mean, m2, weight = _core.moments(none, None, 1)
    assert weight == 0.0
    assert not mean.any()
    assert not m2.any()
    assert _core.check_csr(none) == _core.check_finite(none) == ("ok", -1)
    loss, gradient, intercept = _core.loss_gradient(none, Y[:0], None, spec_of("sgd"), np.ones(D), None, np.ones(1), 2)
    assert loss == 0.0
    assert not gradient.any()
    assert not intercept.any()


@pytest.mark.parametrize("kind", SPEC)
@pytest.mark.parametrize("n_features", [0, D])
def test_nothing_to_learn(kind, n_features):
    """No rows, or rows of nothing: the intercept alone."""
    state = LearnerState.create(spec_of(kind), n_features, "dense", np.dtype(np.float64), 0)
    learner, rows = state.core(), X[:, :n_features]
    before = {name: array.tobytes() for name, array in state.arrays().items()}
    assert learner.learn(rows[:0], Y[:0], None, np.zeros((0, 1)), 1) == ("ok", -1)
    assert {name: array.tobytes() for name, array in state.arrays().items()} == before
    assert learner.learn(rows, Y, None, None, 1) == ("ok", -1)
    out = np.full((N, 1), np.nan)
    assert learner.report(rows, out, 1) == ("ok", -1)
    assert np.isfinite(out).all()


@pytest.mark.parametrize("kind", SPEC)
def test_where_a_report_goes(kind):
    learner = state_of(kind).core()
    out = np.zeros((N, 1))
    out.flags.writeable = False
    for wrong in (None, np.zeros((N - 1, 1)), np.zeros((N, 1), np.float32), out):
        with pytest.raises((TypeError, ValueError)):
            learner.report(X, wrong, 1)


@pytest.mark.parametrize("kind", SPEC)
@pytest.mark.parametrize("name", ["table", "bias", "counters"])
@pytest.mark.parametrize("change", [lambda a: None, lambda a: a[:-1], lambda a: a.astype(np.float16), misplaced])
def test_arrays_of_a_state(kind, name, change):
    state = state_of(kind)
    arrays = state.arrays()
    arrays[name] = change(arrays[name])
    handle = _core.Bank if state.bank else _core.Learner
    with pytest.raises((TypeError, ValueError, RuntimeError)):
        handle(state.spec, arrays)


@pytest.mark.parametrize(
    "call",
    [
        lambda: _core.loss_gradient(X, None, None, spec_of("sgd"), np.zeros(D), None, np.zeros(1), 1),
        lambda: _core.loss_gradient(X, Y, None, spec_of("sgd"), None, None, np.zeros(1), 1),
        lambda: _core.loss_gradient(X, Y, None, spec_of("sgd"), np.zeros(D), None, None, 1),
        lambda: _core.linear_margins(X, None, np.zeros(1), 1),
        lambda: _core.inverse_deviation(np.zeros(D), None, 1.0),
        lambda: _core.inverse_deviation(np.zeros(D), np.zeros(D - 1), 1.0),
        lambda: _core.labels_of_margins(np.zeros(4), np.arange(2), 1),
        lambda: _core.loss_rows("log_loss", 0.0, np.zeros(3), np.zeros(2)),
        lambda: _core.invariant_steps("log_loss", 0.0, np.zeros(3), np.zeros(3), np.zeros(3), np.zeros(2)),
        lambda: _core.penalty_flow(np.zeros(3), np.zeros(2), 0.1, 0.1),
        lambda: _core.piece_sums(np.zeros((1, N)), None, None, np.zeros(1, np.int64)),
        lambda: _core.piece_sums(np.zeros((1, N)), None, np.ones(N), np.array([N])),
    ],
)
def test_functions_need_their_arrays(call):
    with pytest.raises((TypeError, ValueError)):
        call()


@pytest.mark.parametrize("kind", SPEC)
def test_a_row_on_its_own(kind):
    turn, one = _core.Turn("model"), state_of(kind).core().one_row({0: (-1.0, 1.0), 1: (1.0, 1.0)})
    assert not one.learn(X[0], 1, 1.0)  # nobody has opened it
    one.open(turn)
    assert one.learn(X[0], 1, 1.0)
    with pytest.raises(TypeError, match=r"learn\(x, y, sample_weight\)"):
        one.learn(X[0], 1)
    for row in (misplaced(X[0]), X[0, :2], X[0].astype(np.float32), X[0].tolist(), X[:1], None):
        assert not one.learn(row, 1, 1.0)
        assert one.margin(row) is None
    for label, weight in ((2, 1.0), ([], 1.0), (1, -1.0), (1, np.inf), (1, 1)):
        assert not one.learn(X[0], label, weight)
    with turn:
        assert not one.learn(X[0], 1, 1.0)  # somebody else has the turn
    one.close()
    assert not one.learn(X[0], 1, 1.0)
