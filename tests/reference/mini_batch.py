"""Mini-batch: blocks of b rows of positive weight, one step a block.

The twin keeps the rows of an unfinished block; the product keeps their sums only.
"""

import numpy as np

from reference import columns, optimizers
from reference.model import Model


class MiniBatch(Model):
    """A model that learns block by block; see ``Model`` for the parameters.

    The standardiser takes in rows as they come. Weights move at the end of a block, along gradients at the weights and
    statistics of its start.
    """

    def __init__(self, spec, n_features, layout="dense", dtype=np.float64):
        super().__init__(spec, n_features, layout, dtype)
        self.block = []

    def learn(self, X, y, sample_weight=None):
        """Learn the rows in order; the margins (n, K) reported for each of them come back."""
        X = np.asarray(X, float)
        s = np.ones(len(X)) if sample_weight is None else np.asarray(sample_weight, float)
        reports = np.empty((len(X), self.spec["columns"]))
        for i in range(len(X)):
            reports[i] = self.margins(X[i : i + 1])[0]
            if s[i] > 0:
                self._take(X[i], y[i], s[i])
            if len(self.block) == self.spec["batch_size"]:
                self.flush()
        return reports

    def flush(self):
        """Make the step with what is there, still divided by the batch size."""
        if not self.block:
            return
        X, sr, s = (np.array(part) for part in zip(*self.block, strict=True))
        b = self.spec["batch_size"]
        step = optimizers.Step(self.eta, self.steps + 1, self.touched(X))
        rates = optimizers.gradient_step(self.spec, self.table, step, self.augmented(X).T @ sr / b)
        self.finish_step(step, rates, s.sum() / b)
        self.t += 1
        self.block = []

    def _take(self, x, y, s):
        if not self.block:
            self.at_start = self.standardizer.center, self.standardizer.scale
        center, scale = self.at_start
        z = np.append((x - center) * scale, self.spec["fit_intercept"])[None, :] @ self.table[0]
        loss, parameter, y = self.spec["loss"], self.spec["loss_parameter"], np.array([y])
        self.loss_sum += s * columns.row_losses(loss, parameter, z, y)[0]
        self.block.append((x, s * columns.row_derivatives(loss, parameter, z, y)[0], s))
        self.standardizer.update(x, s)
        self.n_samples_seen += 1
