"""What the core counts and adds up for evaluation, against plain loops."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit

from estimator_data import features, labels
from gradstream import LinearClassifier, LinearRegressor, _core
from gradstream.estimators._probabilities import ROWS, sigmoid
from gradstream.evaluation import progressive_validate


def counted_by_hand(y, weights, n_classes):
    """Labels, probabilities of the label that came, and squares of the others: of majority and of last label."""
    counts, repeats, followers, last, rows = np.zeros(n_classes), 0.0, 0.0, -1, []
    for code, s in zip(y, weights, strict=True):
        shares = (counts + 1) / (counts.sum() + n_classes)
        stay = (repeats + 1) / (followers + 2)
        repeated = np.full(n_classes, (1 - stay) / (n_classes - 1))
        repeated[last] = stay if last >= 0 else repeated[last]
        for said, label in ((shares, counts.argmax()), (repeated, last)):
            rows.append((label, said[code], (said**2).sum() - said[code] ** 2))
        repeats, followers = repeats + s * (code == last), followers + s * (last >= 0)
        counts[code] += s
        last = code
    return np.array(rows).reshape(-1, 2, 3)


@settings(max_examples=100)
@given(st.integers(2, 5), st.lists(st.integers(1, 30), min_size=1, max_size=4), st.booleans(), st.integers(0, 99))
def test_baselines_of_labels(n_classes, sizes, weighted, seed):
    rng, n = np.random.default_rng(seed), sum(sizes)
    y = rng.integers(0, n_classes, n).astype(np.int8 if seed % 2 else np.int64)
    weights = rng.integers(0, 4, n) * 0.5 if weighted else np.ones(n)
    expected = counted_by_hand(y, weights, n_classes)
    state, found, start = np.r_[0.0, 0.0, 0.0, -1.0, np.zeros(n_classes)], [], 0
    for size in sizes:
        part = slice(start, start + size)
        said = [(np.empty(size, y.dtype), np.empty(size), np.empty(size)) for _ in range(2)]
        _core.label_baselines(y[part], weights[part] if weighted else None, state, *said)
        found.append(np.transpose(said, (2, 0, 1)))
        start += size
    found = np.concatenate(found)
    np.testing.assert_array_equal(found[:, :, 0], expected[:, :, 0])
    np.testing.assert_allclose(found[1:, :, 1:], expected[1:, :, 1:], rtol=1e-12, atol=1e-14)


@settings(max_examples=100)
@given(st.lists(st.integers(1, 40), min_size=1, max_size=6), st.booleans(), st.booleans(), st.integers(0, 99))
def test_sums_over_pieces(lengths, weighted, marks, seed):
    """What weighs nothing counts nothing, infinity included."""
    rng, n = np.random.default_rng(seed), sum(lengths)
    numbers = rng.normal(size=(3, n)) > 0 if marks else rng.normal(size=(3, n))
    weights, fade = rng.integers(0, 3, n) * 1.0, rng.random(n)
    if weighted and not marks:
        numbers[:, weights == 0] = np.inf
    counts = np.where(weights > 0, np.where(weights > 0, numbers, 0.0) * weights, 0.0) if weighted else numbers * 1.0
    starts = np.cumsum([0, *lengths[:-1]])
    plain, faded = _core.piece_sums(numbers, weights if weighted else None, fade, starts)
    np.testing.assert_allclose(plain, np.add.reduceat(counts, starts, axis=1), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(faded, np.add.reduceat(counts * fade, starts, axis=1), rtol=1e-12, atol=1e-12)


def test_arrays_that_do_not_fit():
    state, fade = np.array([0.0, 0, 0, -1, 0, 0]), np.ones(3)
    said = (None, np.empty(3), None)
    with pytest.raises(ValueError, match="codes of the classes"):
        _core.label_baselines(np.array([0, 2, 1], np.int8), None, state, said, said)
    with pytest.raises(ValueError, match="the same arrays of both"):
        _core.label_baselines(np.zeros(3, np.int8), None, state, said, (None, None, None))
    with pytest.raises(ValueError, match="4 numbers and one for each class"):
        _core.label_baselines(np.zeros(3, np.int8), None, state[:4], said, said)
    with pytest.raises(TypeError, match="label: expected int8, got int64"):
        _core.label_baselines(np.zeros(3, np.int8), None, state, (np.zeros(3, np.int64), None, None), said)
    for starts in ([0, 3], [0, 0], [-1]):
        with pytest.raises(ValueError, match="increasing positions"):
            _core.piece_sums(np.ones((1, 3)), None, fade, np.array(starts))
    with pytest.raises(ValueError, match="fade: expected 3"):
        _core.piece_sums(np.ones((1, 3)), None, fade[:2], np.array([0]))


@pytest.mark.parametrize("task", ["classification", "regression"])
@pytest.mark.parametrize("sizes", [[1] * 70, [7] * 10, [64, 6], [70]], ids=["1", "7", "64", "70"])
def test_curves_do_not_depend_on_chunks(task, sizes, monkeypatch):
    """Bit by bit, in blocks of 20 rows: they end at the same rows however the stream is cut."""
    monkeypatch.setattr("gradstream.evaluation.scoreboard.BLOCK_ROWS", 20)
    X = features(70, 3)
    y = labels(X) if task == "classification" else X[:, 0]
    make = LinearClassifier if task == "classification" else LinearRegressor
    options = {"window": 4, "every": 3, "fading": 0.9}
    if task == "classification":
        options |= {"classes": [0, 1], "metrics": ["log_loss", "brier", "kappa", "kappa_temporal", "roc_auc"]}
    expected = progressive_validate(make(), X, y, **options)
    ends = np.cumsum(sizes)
    stream = [(X[end - size : end], y[end - size : end]) for end, size in zip(ends, sizes, strict=True)]
    found = progressive_validate(make(), iter(stream), **options)
    np.testing.assert_array_equal(found.rows, expected.rows)
    for one, other in zip((found, *found.baselines.values()), (expected, *expected.baselines.values()), strict=True):
        for kind in ("cumulative", "rolling", "fading"):
            for name, curve in getattr(other, kind).items():
                np.testing.assert_array_equal(getattr(one, kind)[name], curve)


def test_a_point_for_every_row_of_a_long_stream():
    """Factors are points times pieces: 40,000 points in one block would take 13 GB."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40_000, 1))
    y = (X[:, 0] + rng.normal(size=len(X)) > 0).astype(int)
    report = progressive_validate(LinearClassifier(), X, y, metrics="accuracy", window=50, every=1)
    hits = LinearClassifier().progressive_fit(X, y, [0, 1], method="predict") == y
    np.testing.assert_allclose(report.cumulative["accuracy"], np.cumsum(hits) / np.arange(1, len(y) + 1), rtol=1e-12)
    rolling = np.convolve(hits, np.ones(50), "valid") / 50
    np.testing.assert_allclose(report.rolling["accuracy"][49:], rolling, rtol=1e-12)


def test_sigmoid_is_accurate_at_both_ends():
    z = np.r_[np.linspace(-745, 745, 20_001), np.linspace(-1, 1, 999), -np.inf, np.inf]
    np.testing.assert_allclose(sigmoid(z), expit(z), rtol=4e-16, atol=1e-307)


def test_probabilities_of_a_row_are_those_of_many():
    X = features(ROWS + 40, 3)
    y = labels(X)
    model = LinearClassifier().partial_fit(X, y, [0, 1])
    many = model.predict_proba(X)
    for i in (0, 1, ROWS - 1, ROWS, ROWS + 39):
        np.testing.assert_array_equal(model.predict_proba(X[i : i + 1])[0], many[i])
        np.testing.assert_array_equal(model.predict_proba_one(X[i]), many[i])
