"""What does a row cost when an update sees a block of rows?"""

import numpy as np

from benchmarks.axes import BATCH_SIZES, DTYPES, LAYOUTS, best_seconds
from benchmarks.core import learner, specification
from benchmarks.data import rows_of


class MiniBatch:
    params = (LAYOUTS, DTYPES, ["sgd", "adam"], BATCH_SIZES)
    param_names = ("layout", "dtype", "optimizer", "batch_size")

    def setup(self, layout, dtype, optimizer, batch_size):
        self.rows = rows_of(layout, 8_192, 30, dtype)
        self.learner = learner(specification(optimizer=optimizer, batch_size=batch_size), self.rows)
        self.epochs = 0
        before = self.epoch()
        for _ in range(3):
            after = self.epoch()
        assert after < before < np.log(2) + 0.1

    def epoch(self):
        status, mean_loss = self.learner.epoch(self.rows.core, self.rows.y, None, 0, self.epochs, True, 1)
        assert status[0] == "ok"
        self.epochs += 1
        return mean_loss

    def track_time_per_row(self, layout, dtype, optimizer, batch_size):
        return best_seconds(self.epoch) / len(self.rows.y) * 1e9

    track_time_per_row.unit = "ns"
