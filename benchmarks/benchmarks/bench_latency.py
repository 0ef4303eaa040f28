"""How long does one row take from Python?"""

import numpy as np

from benchmarks.axes import LAYOUTS
from benchmarks.data import rows_of
from gradstream import LinearClassifier


class OneRow:
    params = (LAYOUTS,)
    param_names = ("layout",)

    def setup(self, layout):
        rows = rows_of(layout, 2_000, 30, "float64")
        self.model = LinearClassifier(n_jobs=1).partial_fit(rows.X, rows.y, classes=[-1, 1])
        self.chunk, self.target = rows.X[:1], rows.y[:1]
        self.row, self.label = self.chunk[0], self.target[0]
        if layout == "csr":
            self.row = (self.chunk.indices, self.chunk.data)
        np.testing.assert_allclose(self.model.predict_proba_one(self.row), self.model.predict_proba(self.chunk)[0])

    def time_learn_one(self, layout):
        self.model.learn_one(self.row, self.label)

    def time_predict_one(self, layout):
        self.model.predict_one(self.row)

    def time_predict_proba_one(self, layout):
        self.model.predict_proba_one(self.row)

    def time_partial_fit(self, layout):
        self.model.partial_fit(self.chunk, self.target)

    def time_predict_proba(self, layout):
        self.model.predict_proba(self.chunk)
