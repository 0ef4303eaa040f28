"""The objective and its gradient at given coefficients, in X's own units."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gradstream import _core
from gradstream._targets import Targets
from gradstream._validation import CheckedRows

if TYPE_CHECKING:
    from gradstream._core import Float64, Spec


@dataclass(frozen=True, eq=False)
class LinearModel:
    """z = X coef + intercept; coef (d, K), intercept (K,). ``scale`` (d,) is 1/sd, None without standardisation."""

    coef: Float64
    intercept: Float64
    scale: Float64 | None

    @property
    def standardised(self) -> Float64:
        """Return what the penalty acts on, (d, K); 0 for constant columns."""
        if self.scale is None:
            return self.coef
        scale = self.scale[:, None]
        return np.divide(self.coef, scale, out=np.zeros_like(self.coef), where=scale > 0)


def objective(X: CheckedRows, targets: Targets, spec: Spec, model: LinearModel, threads: int) -> float:
    """Return F: the weighted mean loss plus the penalty."""
    return _means(X, targets, spec, model, threads)[0] + penalty(spec, model.standardised)


def penalty(spec: Spec, w: Float64) -> float:
    """Return l1 |w|_1 + l2/2 |w|^2 of standardised weights."""
    return float(spec["l1"] * np.abs(w).sum() + spec["l2"] / 2 * np.square(w).sum())


def gradient(X: CheckedRows, targets: Targets, spec: Spec, model: LinearModel, threads: int) -> tuple[Float64, Float64]:
    """Return dF/dcoef (d, K) and dF/dintercept (K,).

    Where the l1 part has a kink, the subgradient nearest to 0. Constant columns of standardised data have no effect: 0.
    """
    _, g, g_intercept = _means(X, targets, spec, model, threads)
    w = model.standardised
    scale = np.ones(len(w)) if model.scale is None else model.scale
    per_unit = np.divide(1.0, scale, out=np.zeros_like(scale), where=scale > 0)[:, None]  # dw/dcoef
    l1 = spec["l1"] * per_unit
    g = np.where(scale[:, None] > 0, g + spec["l2"] * w * per_unit, 0.0)
    g = np.where(w != 0, g + np.sign(w) * l1, np.sign(g) * np.maximum(0.0, np.abs(g) - l1))
    return g, g_intercept if spec["fit_intercept"] else np.zeros_like(g_intercept)


def _means(
    X: CheckedRows, targets: Targets, spec: Spec, model: LinearModel, threads: int
) -> tuple[float, Float64, Float64]:
    """Return the weighted mean of the loss, and of its gradient in coefficients and intercepts."""
    weights = targets.weights
    loss, g, g_intercept = _core.loss_gradient(
        X.data, targets.y, weights, spec, model.coef, None, model.intercept, threads
    )
    total = X.shape[0] if weights is None else weights.sum()
    return float(loss / total), g / total, g_intercept / total
