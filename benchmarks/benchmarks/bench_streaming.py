"""What does a row cost when an update sees one row?"""

import numpy as np

from benchmarks.axes import DTYPES, LAYOUTS, OPTIMIZERS, best_seconds
from benchmarks.core import learner, specification
from benchmarks.data import rows_of


class Streaming:
    params = (LAYOUTS, DTYPES, OPTIMIZERS, [None, "l2"])
    param_names = ("layout", "dtype", "optimizer", "penalty")

    def setup(self, layout, dtype, optimizer, penalty):
        self.rows = rows_of(layout, 5_000, 30, dtype)
        self.learner = learner(specification(optimizer=optimizer, penalty=penalty), self.rows)
        self.learn()
        assert np.mean(margins(self.learner, self.rows) * self.rows.y) > 0

    def learn(self):
        assert self.learner.learn(self.rows.core, self.rows.y, None, None, 1)[0] == "ok"

    def track_time_per_row(self, layout, dtype, optimizer, penalty):
        return best_seconds(self.learn) / len(self.rows.y) * 1e9

    track_time_per_row.unit = "ns"


class UntunedStreaming:
    """The default of the estimators: the bank, on dense rows in running standard units."""

    params = (DTYPES, [30, 300])
    param_names = ("dtype", "features")

    def setup(self, dtype, features):
        self.rows = rows_of("dense", 5_000, features, dtype)
        self.learner = learner(specification(standardize=True), self.rows)

    def track_time_per_row(self, dtype, features):
        learn = lambda: self.learner.learn(self.rows.core, self.rows.y, None, None, 1)  # noqa: E731
        return best_seconds(learn) / len(self.rows.y) * 1e9

    track_time_per_row.unit = "ns"


def margins(learner, rows):
    out = np.empty((len(rows.y), 1))
    assert learner.report(rows.core, out, 1)[0] == "ok"
    return out[:, 0]
