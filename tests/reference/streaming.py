"""Streaming: batch size 1, one importance-invariant step a row."""

import numpy as np

from reference import columns, optimizers
from reference.model import Model


class Streaming(Model):
    """A model that learns row by row; see ``Model`` for the parameters."""

    def learn(self, X, y, sample_weight=None):
        """Learn the rows in order; the margins (n, K) reported before each of them come back."""
        X = np.asarray(X, float)
        s = np.ones(len(X)) if sample_weight is None else np.asarray(sample_weight, float)
        reports = np.empty((len(X), self.spec["columns"]))
        for i in range(len(X)):
            reports[i] = self.margins(X[i : i + 1])[0]
            if s[i] > 0:
                self._learn_row(X[i], y[i], s[i])
        return reports

    def flush(self):
        """Nothing: no row is ever left over."""

    def _learn_row(self, x, y, s):
        self.standardizer.update(x, s)
        standardised = self.augmented(x[None, :])
        z = standardised @ self.table[0]
        self.loss_sum += s * columns.row_losses(self.spec["loss"], self.spec["loss_parameter"], z, np.array([y]))[0]
        step = optimizers.Step(self.eta, self.steps + 1, self.touched(x[None, :]))
        rates = optimizers.row_step(self.spec, self.table, step, standardised[0], y, s)
        self.finish_step(step, rates, s)
        self.t += s
        self.n_samples_seen += 1
