"""How long does one row take from Python?"""

import numpy as np
import scipy.sparse as sp

from benchmarks.axes import LAYOUTS
from benchmarks.data import rows_of, text
from gradstream import LinearClassifier

LEARNERS = ("untuned", "sgd")


def learner(name):
    fixed = {"optimizer": "sgd", "learning_rate": 0.01} if name == "sgd" else {}
    return LinearClassifier(n_jobs=1, **fixed)


class OneRow:
    params = (LAYOUTS, LEARNERS)
    param_names = ("layout", "learner")

    def setup(self, layout, name):
        rows = rows_of(layout, 2_000, 30, "float64")
        self.model = learner(name).partial_fit(rows.X, rows.y, classes=[-1, 1])
        self.chunk, self.target = rows.X[:1], rows.y[:1]
        self.row, self.label = self.chunk[0], int(self.target[0])
        if layout == "csr":
            self.row = (self.chunk.indices, self.chunk.data)
        np.testing.assert_allclose(self.model.predict_proba_one(self.row), self.model.predict_proba(self.chunk)[0])

    def time_learn_one(self, layout, name):
        self.model.learn_one(self.row, self.label)

    def time_predict_one(self, layout, name):
        self.model.predict_one(self.row)

    def time_predict_proba_one(self, layout, name):
        self.model.predict_proba_one(self.row)

    def time_partial_fit(self, layout, name):
        self.model.partial_fit(self.chunk, self.target)

    def time_predict(self, layout, name):
        self.model.predict(self.chunk)

    def time_predict_proba(self, layout, name):
        self.model.predict_proba(self.chunk)


class OneSparseRow:
    """The number of columns does not matter."""

    params = ((2**12, 2**18, 2**22),)
    param_names = ("n_features",)

    def setup(self, n_features):
        rows = text(2_000)
        X = sp.csr_array((rows.X.data, rows.X.indices % n_features, rows.X.indptr), (2_000, n_features))
        X.sum_duplicates()
        self.model = learner("sgd").partial_fit(X, rows.y, classes=[-1, 1])
        chunk = X[:1]
        self.row, self.label = (chunk.indices, chunk.data), int(rows.y[0])
        assert self.model.predict_one(self.row) == self.model.predict(chunk)[0]

    def time_learn_one(self, n_features):
        self.model.learn_one(self.row, self.label)

    def time_predict_one(self, n_features):
        self.model.predict_one(self.row)
