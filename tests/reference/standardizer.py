"""Weighted running mean and deviation (West 1979), and the centre and scale they stand for."""

import numpy as np

EPS = 2.0**-52


def inverse_deviation(mean, m2, weight):
    """1/sd, and 0 for a column that is constant up to the rounding of its own mean."""
    variance = np.asarray(m2, float) / weight if weight > 0 else np.zeros_like(mean)
    constant = variance <= (16 * EPS * np.asarray(mean, float)) ** 2
    return np.where(constant, 0.0, 1 / np.sqrt(np.where(constant, 1.0, variance)))


def moments(X, s):
    """Weighted mean, sum of squared deviations and total weight, in two passes."""
    weight = s.sum()
    mean = (s[:, None] * X).sum(axis=0) / weight
    return mean, (s[:, None] * (X - mean) ** 2).sum(axis=0), weight


class Standardizer:
    """mode: "none", "scale" or "center_scale". While it is ``fixed``, updates do nothing."""

    def __init__(self, mode, n_features):
        self.mode = mode
        self.mean, self.m2, self.weight = np.zeros(n_features), np.zeros(n_features), 0.0
        self.fixed = False

    def measure(self, X, s):
        """Start from the statistics of all rows."""
        self.mean, self.m2, self.weight = moments(X, s)

    def update(self, x, s):
        if self.fixed:
            return
        self.weight += s
        before = x - self.mean
        self.mean = self.mean + s * before / self.weight
        self.m2 = self.m2 + s * before * (x - self.mean)

    @property
    def center(self):
        return self.mean if self.mode == "center_scale" else np.zeros_like(self.mean)

    @property
    def scale(self):
        return np.ones_like(self.mean) if self.mode == "none" else inverse_deviation(self.mean, self.m2, self.weight)

    def transform(self, X):
        return (X - self.center) * self.scale
