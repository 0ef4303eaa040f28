"""The bank: eight rates side by side, weighted by how well each predicts; row by row, slow and obvious.

Lanes 0..3 step by gradient descent, their rates over the running mean of ``|x|^2``; lanes 4..7 by AdaGrad on one sum of
squares that they share. The intercept is one more coordinate with ``x = 1`` that no penalty touches.
"""

import numpy as np

from reference import columns, losses, penalties
from reference.standardizer import Standardizer

LANES = 8
DESCENT, ADAGRAD = slice(0, 4), slice(4, 8)
RATES = np.array([0.03, 0.3, 1.0, 10.0, 0.05, 0.2, 0.5, 1.0])
RESTING_WEIGHT = 1e-3


class RootMeanSquare:
    """Values over the root mean square of what their feature has held so far; absent ones are left out.

    The unit of a feature is 1 until it has held a value other than 0. Kept in float32, as records keep it.
    """

    def __init__(self, n_features):
        self.count, self.square = np.zeros(n_features), np.zeros(n_features)
        self.center = np.zeros(n_features)

    def update(self, x, s):
        present = x != 0
        self.count = self.count + s * present
        gap = np.where(present, x**2 - self.square, 0.0)
        self.square = self.square + gap * np.divide(s, self.count, out=np.zeros_like(x), where=present)

    def round(self):
        self.count, self.square = (a.astype(np.float32).astype(float) for a in (self.count, self.square))

    @property
    def unit(self):
        return np.where(self.square > 0, np.sqrt(self.square), 1.0)

    @property
    def scale(self):
        return 1 / self.unit

    def transform(self, X):
        return X * self.scale


class Bank:
    """``layout`` is "dense" or "sparse": on sparse rows zeros are absent features, and weights are kept in float32."""

    def __init__(self, spec, n_features, layout="dense", dtype=np.float64):
        self.spec, self.layout = spec, layout
        self.dtype = np.float32 if layout == "sparse" else dtype
        own_unit = spec["standardize"] == "root_mean_square"
        self.standardizer = RootMeanSquare(n_features) if own_unit else Standardizer(spec["standardize"], n_features)
        self.own_unit = own_unit
        self.W = np.zeros((LANES, n_features + 1, spec["columns"]))
        self.G = np.full((n_features + 1, spec["columns"]), spec["initial_accumulator"])
        self.weight = np.full(LANES, 1 / LANES)
        self.norm = self.counted = self.t = self.clock = self.mixture_loss = 0.0
        self.target_mean = self.target_m2 = self.residual = 0.0
        self.steps = 0
        self.resting = False
        self.lane_losses = np.zeros(LANES)  # sums, in the units that the mixture's is in

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

    def margins(self, X):
        """(n, K): those of the averaged model."""
        return self._augmented(np.asarray(X, float)) @ self.average

    @property
    def average(self):
        """(d + 1, K)."""
        return np.tensordot(self.weight, self.W, 1)

    def linear(self):
        """Coefficients (K, d) and intercepts (K,) in X's own units."""
        coef = (self.average[:-1] * self.standardizer.scale[:, None]).T
        return coef, self.average[-1] - coef @ self.standardizer.center

    def planes(self):
        """(9, d, K): weights and squared gradients; where features have units of their own, in those of X."""
        unit = self.standardizer.unit[:, None] if self.own_unit else 1.0
        start = self.spec["initial_accumulator"]
        return np.concatenate([self.W[:, :-1] / unit, (start + (self.G[:-1] - start) * unit**2)[None]])

    def biases(self):
        return np.concatenate([self.W[:, -1], self.G[-1:]])

    def experts(self):
        """What rates and losses are measured by."""
        return np.array([self.norm, self.target_mean, self.target_m2, self.residual, self.counted])

    def _augmented(self, X):
        ones = np.full((len(X), 1), float(self.spec["fit_intercept"]))
        return np.hstack([self.standardizer.transform(X), ones])

    def _learn_row(self, x, y, s):
        self._take_in(x, s)
        deviation = self._follow_target(y, s)
        z_x = self._augmented(x[None, :])[0]
        z = np.einsum("ljk,j->lk", self.W, z_x)
        temper = self._temper(z, y, s)
        c = self._rates(z_x, z, y, s)
        self.norm += s * (z_x @ z_x - self.norm) / (self.counted + s)
        descent = 1 / (self.norm * self._curvature()) if self.norm > 0 else 0.0
        h = s * RATES * np.where(np.arange(LANES) < 4, descent, deviation)
        h[0] *= not self.resting
        self._step(z_x, z, y, h, c, x != 0)
        self._weigh(z, y, s, temper)
        self.counted += s
        self.t += s
        self.steps += 1
        self.clock += s * descent
        self.resting = self.resting and self.weight[0] >= RESTING_WEIGHT

    def _take_in(self, x, s):
        """Statistics take the row in, but for what a resting solution is read by: it would not stand still.

        The weights of a feature go over to its unit when it gets one.
        """
        if not self.own_unit:
            if not self.resting:
                self.standardizer.update(x, s)
            return
        without = self.standardizer.square == 0
        held = self.resting & ~without & (self.W[0, :-1] != 0).any(axis=1)
        self.standardizer.update(np.where(held, 0.0, x), s)
        unit = np.append(np.where(without, self.standardizer.unit, 1.0), 1.0)[:, None]
        self.W = self.W * unit
        self.G = self.spec["initial_accumulator"] + (self.G - self.spec["initial_accumulator"]) / unit**2

    def _follow_target(self, y, s):
        """All intercepts move with the running mean of a target with a unit, or with its logarithm.

        The deviation of a real target is the unit of AdaGrad's rates.
        """
        if not (self._real or self._log_link):
            return 1.0
        before = self.target_mean
        gap = y - self.target_mean
        shift = 0.0 if self.resting else gap * s / (self.t + s)
        self.target_mean += shift
        self.target_m2 += s * gap * (y - self.target_mean)
        if self._log_link:
            moves = self.target_mean > 0 and self.target_mean != before
            shift = (np.log(self.target_mean / before) if before > 0 else np.log(y)) if moves else 0.0
        self.W[:, -1] += shift * self.spec["fit_intercept"]
        return np.sqrt(self.target_m2 / (self.counted + s)) if self._real else 1.0

    @property
    def _real(self):
        return losses.LOSSES[self.spec["loss"]].target == "real"

    @property
    def _log_link(self):
        return self.spec["loss"] in losses.POWERS

    def _curvature(self):
        """What a deviance bends by on average at the mean of the target, m^(2 - p)."""
        if not self._log_link or self.target_mean <= 0:
            return 1.0
        return self.target_mean ** (2 - losses.POWERS[self.spec["loss"]](self.spec["loss_parameter"]))

    def _temper(self, z, y, s):
        """Losses of a target with a unit are divided by the dispersion: twice the mean loss of a real one."""
        if not (self._real or self._log_link):
            return 1.0
        average = (self.weight @ z)[None, :]
        variance = 1.0
        if self._log_link:
            largest = max(self.target_mean, y)
            gap = y - min(np.exp(average.item()), 10 * largest) if largest > 0 else 0.0
            value = 0.5 * gap**2 if abs(gap) > 1e-12 * largest else 0.0
            variance = self.target_mean**2 / self._curvature() if self.target_mean > 0 else 1.0
        else:
            value = self._row_losses(average, y)[0]
        self.residual += s * (value - self.residual) / (self.counted + s)
        return 0.5 * variance / self.residual if self.residual > 0 else 0.0

    def _rates(self, x, z, y, s):
        """c (d + 1, K) once AdaGrad's sum has taken in the mean of r^2 over its lanes; 0 before any gradient."""
        r = columns.row_derivatives(self.spec["loss"], self.spec["loss_parameter"], z, np.repeat(y, LANES))
        self.G = self.G + s * np.outer(x**2, (r[ADAGRAD] ** 2).mean(axis=0))
        return self._rates_now()

    def _rates_now(self):
        seen = self.G / self.spec["initial_accumulator"] > 1 + 1e-6
        return np.where(seen, 1 / np.sqrt(self.G), 0.0)

    def _step(self, x, z, y, h, c, present):
        """Importance-invariant steps of length h, then the penalty's flow, and rounding to what the state holds."""
        c = np.stack([np.ones_like(c)] * 4 + [c] * 4)
        q = np.einsum("ljk,j->lk", c, x**2)
        u = invariant_steps(self.spec, z, y, h[:, None], q)
        self.W = self.W + c * x[:, None] * u[:, None, :]
        if self.layout == "sparse":
            self._round(np.append(present, False))
        l1, l2 = self.spec["l1"], self.spec["l2"]
        self.W[:, :-1] = penalties.flow(self.W[:, :-1], h[:, None, None] * c[:, :-1], l1, l2)
        if self.layout == "dense":
            self._round(np.append(np.ones_like(present), False))

    def _round(self, stored):
        self.W[:, stored] = self.W[:, stored].astype(self.dtype)
        self.G[stored] = self.G[stored].astype(self.dtype)
        if self.own_unit:
            self.standardizer.round()

    def _weigh(self, z, y, s, temper):
        """Bayes' rule, then every lane gives a share of its weight to all: 1 - (1 - share)^s for s rows at once."""
        loss = s * temper * self._row_losses(z, y)
        self.lane_losses = self.lane_losses + loss
        posterior = self.weight * np.exp(-(loss - loss.min()))
        self.mixture_loss += loss.min() - np.log(posterior.sum())
        share = 1 - (1 - self.spec["share"]) ** s
        self.weight = (1 - share) * posterior / posterior.sum() + share / LANES

    def _row_losses(self, z, y):
        return columns.row_losses(self.spec["loss"], self.spec["loss_parameter"], z, np.repeat(y, len(z)))


def invariant_steps(spec, z, y, h, q):
    """u (8, K) for margins z (8, K), lengths of steps h (8, 1), and q (8, K).

    Softmax has no closed form. Class by class, the scores of the others standing still, it is the logistic loss at z_k
    minus the logsumexp of the others.
    """
    n_columns = z.shape[1]
    if columns.is_softmax(spec["loss"], n_columns):
        others = [np.logaddexp.reduce(np.delete(z, k, axis=1), axis=1) for k in range(n_columns)]
        z = z - np.stack(others, axis=1)
    target = columns.targets(np.array([y]), n_columns)
    return losses.invariant_step(spec["loss"], spec["loss_parameter"], z, target, h, q)
