"""What are more threads worth? Their results are the same bits."""

import numpy as np

from benchmarks.axes import THREADS, best_seconds
from benchmarks.core import gradient_call, learner, specification
from benchmarks.data import gaussian


class Threads:
    params = (THREADS,)
    param_names = ("threads",)

    def setup(self, threads):
        self.rows = gaussian(200_000, 100, "float32")
        self.gradient = gradient_call(self.rows, threads)
        np.testing.assert_array_equal(self.gradient()[1], gradient_call(self.rows, 1)()[1])

    def track_gradient(self, threads):
        return self.rows.X.nbytes / best_seconds(self.gradient) / 1e9

    track_gradient.unit = "GB/s"

    def track_large_blocks(self, threads):
        blocks = learner(specification(optimizer="adam", batch_size=8_192), self.rows)
        epoch = lambda: blocks.epoch(self.rows.core, self.rows.y, None, 0, 0, False, threads)  # noqa: E731
        return best_seconds(epoch) / len(self.rows.y) * 1e9

    track_large_blocks.unit = "ns"
