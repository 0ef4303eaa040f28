"""Mini-batch: blocks of b rows of positive weight, one step a block.

The twin keeps the rows of an unfinished block; the product keeps their sums only.
"""

import numpy as np

from reference import columns, optimizers, order
from reference.model import Model


class MiniBatch(Model):
    """A model that learns block by block; see ``Model`` for the parameters."""

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
                self.block.append((X[i], y[i], s[i]))
                self.n_samples_seen += 1
            if len(self.block) == self.spec["batch_size"]:
                self.flush()
        return reports

    def epoch(self, X, y, sample_weight, seed, epoch):
        """Learn all rows in the seeded order of the epoch, and step on what is left at its end."""
        self.epoch_count = epoch
        rows = order.permutation(len(X), seed, epoch)
        self.learn(X[rows], y[rows], None if sample_weight is None else sample_weight[rows])
        self.flush()
        self.epoch_count = epoch + 1

    def flush(self):
        """Make the step with what is there, still divided by the batch size."""
        if not self.block:
            return
        X, y, s = (np.array(part) for part in zip(*self.block, strict=True))
        r = columns.row_derivatives(self.spec["loss"], self.spec["loss_parameter"], self.margins(X), y)
        for x, weight in zip(X, s, strict=True):
            self.standardizer.update(x, weight)
        b = self.spec["batch_size"]
        step = optimizers.Step(self.eta, self.steps + 1, self.touched(X))
        rates = optimizers.gradient_step(self.spec, self.table, step, self.augmented(X).T @ (s[:, None] * r) / b)
        self.finish_step(step, rates, s.sum() / b)
        self.t += 1
        self.block = []
