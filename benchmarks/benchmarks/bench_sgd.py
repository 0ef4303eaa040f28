"""What does a row cost in the SGD drop-ins, in an epoch and in a chunk?"""

import numpy as np

from benchmarks.axes import DTYPES, LAYOUTS, best_seconds
from benchmarks.data import rows_of
from gradstream.linear_model import SGDClassifier


class Epoch:
    params = (LAYOUTS, DTYPES, ["l2", "l1"], [True, False])
    param_names = ("layout", "dtype", "penalty", "shuffle")

    def setup(self, layout, dtype, penalty, shuffle):
        self.rows = rows_of(layout, 20_000, 30, dtype)
        self.model = SGDClassifier(
            "log_loss", penalty=penalty, alpha=1e-3, shuffle=shuffle, max_iter=1, tol=None, random_state=0
        )
        self.fit()
        assert self.model.score(self.rows.X, self.rows.y) > 0.6

    def fit(self):
        self.model.fit(self.rows.X, self.rows.y)

    def track_time_per_row(self, layout, dtype, penalty, shuffle):
        return best_seconds(self.fit) / len(self.rows.y) * 1e9

    track_time_per_row.unit = "ns"


class Chunk:
    """``partial_fit`` of dense chunks, after the first call."""

    params = (DTYPES, [100, 10_000])
    param_names = ("dtype", "rows")

    def setup(self, dtype, rows):
        self.rows = rows_of("dense", rows, 30, dtype)
        self.model = SGDClassifier("log_loss", random_state=0)
        self.model.partial_fit(self.rows.X, self.rows.y, classes=np.unique(self.rows.y))
        self.learn()

    def learn(self):
        self.model.partial_fit(self.rows.X, self.rows.y)

    def track_time_per_call(self, dtype, rows):
        return best_seconds(self.learn) * 1e6

    track_time_per_call.unit = "us"
