"""The state that streaming and mini-batch learning move: table, standardiser, counters."""

import numpy as np

from reference import optimizers, penalties, schedules
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
        self.t = self.clock = 0.0
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
        """Coefficients (d, K) and intercepts (K,) in X's own units."""
        coef = self.table[0][:-1] * self.standardizer.scale[:, None]
        return coef, self.table[0][-1] - self.standardizer.center @ coef

    def finish_step(self, step, rates, weight):
        """Penalty of ``weight`` units, rounding to the state's dtype, clock."""
        self.rates = np.where(step.touched, rates, self.rates)
        w = self.table[0][:-1]
        w[:] = penalties.flow(w, step.eta * weight * self.rates[:-1], self.spec["l1"], self.spec["l2"])
        self.table[:, :-1] = self.table[:, :-1].astype(self.dtype)
        self.steps += 1
        self.clock += step.eta * weight
