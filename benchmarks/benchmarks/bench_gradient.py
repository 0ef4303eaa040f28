"""How fast does a full-batch loss and gradient read X?"""

import numpy as np

from benchmarks.axes import DENSE_SHAPES, DTYPES, best_seconds
from benchmarks.core import gradient_call
from benchmarks.data import Rows, gaussian, text


class DenseGradient:
    params = (DENSE_SHAPES, DTYPES)
    param_names = ("shape", "dtype")

    def setup(self, shape, dtype):
        self.rows = gaussian(*shape, dtype)
        self.call = gradient_call(self.rows, threads=1)
        assert_gradient(self.rows, self.call)

    def track_speed(self, shape, dtype):
        return self.rows.X.nbytes / best_seconds(self.call) / 1e9

    track_speed.unit = "GB/s"


class SparseGradient:
    params = (DTYPES,)
    param_names = ("dtype",)

    def setup(self, dtype):
        self.rows = text(20_000, dtype)
        self.call = gradient_call(self.rows, threads=1)
        assert_gradient(self.rows, self.call)

    def track_time_per_value(self, dtype):
        return best_seconds(self.call) / self.rows.X.nnz * 1e9

    track_time_per_value.unit = "ns"


def assert_gradient(rows: Rows, call) -> None:
    """The loss falls against the gradient, as fast as the gradient says."""
    loss, g, _ = call()
    w = np.random.default_rng(1).standard_normal((rows.X.shape[1], 1)) * 0.1
    step = 1e-4 / np.linalg.norm(g)
    moved = [np.logaddexp(0, -rows.y * (rows.X @ (w + sign * step * g)[:, 0])).mean() for sign in (-1, 0, 1)]
    scale = loss / moved[1]  # a mean, or a sum over rows
    np.testing.assert_allclose((moved[2] - moved[0]) * scale, 2e-4 * np.linalg.norm(g), rtol=1e-2)
