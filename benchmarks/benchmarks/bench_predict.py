"""What does a predicted row cost, many at a time?"""

import numpy as np

from benchmarks.axes import DTYPES, LAYOUTS, best_seconds
from benchmarks.data import rows_of
from gradstream import LinearClassifier


class Predict:
    params = (LAYOUTS, DTYPES, ["decision_function", "predict_proba", "predict"])
    param_names = ("layout", "dtype", "method")

    def setup(self, layout, dtype, method):
        self.rows = rows_of(layout, 20_000, 30, dtype)
        model = LinearClassifier(n_jobs=1).partial_fit(self.rows.X, self.rows.y, classes=[-1, 1])
        z = self.rows.X @ model.coef_[0] + model.intercept_
        np.testing.assert_allclose(model.decision_function(self.rows.X), z, rtol=1e-3, atol=1e-3)
        self.predict = lambda: getattr(model, method)(self.rows.X)

    def track_time_per_row(self, layout, dtype, method):
        return best_seconds(self.predict) / len(self.rows.y) * 1e9

    track_time_per_row.unit = "ns"
