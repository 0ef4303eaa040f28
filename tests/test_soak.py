"""Ten million rows, one by one: memory stays flat, the model stays a model.

By hand, for a hundred million: ``GRADSTREAM_SOAK_ROWS=100_000_000 python -m pytest tests/test_soak.py``.
"""

import os
from pathlib import Path

import numpy as np
import pytest

from estimator_data import features, labels
from gradstream import LinearClassifier
from sanitized import measures

ROWS = int(os.environ.get("GRADSTREAM_SOAK_ROWS", "10_000_000"))
STATM = Path("/proc/self/statm")


def resident_bytes():
    return int(STATM.read_text().split()[1]) * os.sysconf("SC_PAGESIZE")


@measures
@pytest.mark.skipif(not STATM.exists(), reason="reads the resident memory from /proc")
def test_memory_is_flat_over_ten_million_rows():
    X = features(1000, 4)
    rows = list(zip(X, labels(X).tolist(), strict=True))
    model = LinearClassifier(optimizer="sgd", learning_rate=0.01).partial_fit(X, labels(X), [0, 1])

    def learn(times):
        for _ in range(times):
            for x, y in rows:
                model.learn_one(x, y)
            model.predict_proba_one(X[0])

    learn(100)
    before, rounds = resident_bytes(), ROWS // len(rows)
    learn(rounds)
    assert resident_bytes() - before < 2**20
    assert model.n_samples_seen_ == 1000 * (101 + rounds)
    assert np.isfinite(model.coef_).all()
    assert model.score(X, labels(X)) > 0.7


@measures
@pytest.mark.skipif(not STATM.exists(), reason="reads the resident memory from /proc")
def test_memory_is_flat_over_sparse_rows_of_the_untuned_learner():
    """Records are of features, not of rows."""
    X = features(1000, 12, density=0.3)
    rows = [((np.flatnonzero(x), x[x != 0]), y) for x, y in zip(X, labels(X).tolist(), strict=True)]
    model = LinearClassifier(standardize=False).partial_fit(X, labels(X), [0, 1])

    def learn(times):
        for _ in range(times):
            for x, y in rows:
                model.learn_one(x, y)

    learn(20)
    before = resident_bytes()
    learn(ROWS // 10 // len(rows))
    assert resident_bytes() - before < 2**20
    assert np.isfinite(model.coef_).all()
