"""The state that streaming and mini-batch learning move: table, standardiser, counters."""

import numpy as np

from reference import optimizers, order, penalties, schedules
from reference.standardizer import Standardizer


class Model:
    """``layout`` is "dense" or "sparse": on sparse rows, zeros are absent features.

    The table of the features is rounded to ``dtype`` after each step, the intercept is float64.
    """

    def __init__(self, spec, n_features, layout="dense", dtype=np.float64):
        self.spec, self.layout, self.dtype = spec, layout, dtype
        self.table = optimizers.new_table(spec, n_features)
        self.rates = optimizers.resting_rates(spec, self.table)
        self.standardizer = Standardizer(spec["standardize"], n_features)
        self.t = self.clock = self.loss_sum = 0.0
        self.steps = self.n_samples_seen = self.epoch_count = 0

    @property
    def eta(self):
        return schedules.rate(self.spec, self.t, self.epoch_count)

    def augmented(self, X):
        """Standardised rows with the coordinate of the intercept appended."""
        ones = np.full((len(X), 1), float(self.spec["fit_intercept"]))
        return np.hstack([self.standardizer.transform(X), ones])

    def touched(self, X):
        """(d + 1, 1): the coordinates that the rows X hold; all of them on dense rows."""
        present = np.ones(X.shape[1], bool) if self.layout == "dense" else (X != 0).any(axis=0)
        return np.append(present, True)[:, None]

    def margins(self, X):
        """(n, K): what predict says now."""
        return self.augmented(np.asarray(X, float)) @ self.table[0]

    def linear(self):
        """Coefficients (K, d) and intercepts (K,) in X's own units."""
        coef = (self.table[0][:-1] * self.standardizer.scale[:, None]).T
        return coef, self.table[0][-1] - coef @ self.standardizer.center

    def epoch(self, X, y, sample_weight, seed, epoch):
        """Learn all rows of positive weight in the seeded order of the epoch, and step on what is left at its end.

        The standardiser stands still, at what it has measured on all rows before. Weights are divided by their mean.
        The mean loss comes back, each row's taken at the model that met it.
        """
        s = np.ones(len(X)) if sample_weight is None else np.asarray(sample_weight, float)
        kept = np.flatnonzero(s > 0)
        rows = kept[order.permutation(len(kept), seed, epoch)]
        self.epoch_count, self.loss_sum, self.standardizer.fixed = epoch, 0.0, True
        self.learn(X[rows], y[rows], s[rows] / s[kept].mean())
        self.flush()
        self.epoch_count, self.standardizer.fixed = epoch + 1, False
        return self.loss_sum / len(kept)

    def finish_step(self, step, rates, weight):
        """Penalty of ``weight`` units, rounding to the state's dtype, clock."""
        self.rates = np.where(step.touched, rates, self.rates)
        w = self.table[0][:-1]
        w[:] = penalties.flow(w, step.eta * weight * self.rates[:-1], self.spec["l1"], self.spec["l2"])
        self.table[:, :-1] = self.table[:, :-1].astype(self.dtype)
        self.steps += 1
        self.clock += step.eta * weight
