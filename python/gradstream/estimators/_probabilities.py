"""From margins (n, K) to class probabilities (n, n_classes)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit

from gradstream._parameters import LOSSES as CORE_LOSSES

if TYPE_CHECKING:
    from gradstream._core import Float64

ROWS = 8192  # at a time: what lies between margins and probabilities stays in the cache
LOSSES = {name for name, loss in CORE_LOSSES.items() if loss["probabilities"]}


def of_margins(loss: str, margins: Float64) -> Float64:
    """Return probabilities: sigmoid or softmax for log_loss; for modified_huber clipped margins, as scikit-learn."""
    if loss != "log_loss":
        return _clipped(margins)
    if margins.shape[1] > 1:
        e = np.exp(margins - margins.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)
    z, out = margins[:, 0], np.empty((len(margins), 2), margins.dtype)
    for start in range(0, len(z), ROWS):
        part = slice(start, start + ROWS)
        expit(-z[part], out=out[part, 0])
        expit(z[part], out=out[part, 1])
    return out


def sigmoid(z: Float64) -> Float64:
    """Return 1 / (1 + exp(-z)) of one column, for scores: NumPy's exp is vector instructions.

    The expit of :func:`of_margins` is not, and has the bits of single rows that the core reads.
    """
    out = np.negative(z)
    with np.errstate(over="ignore"):
        np.exp(out, out=out)
    out += 1.0
    return np.reciprocal(out, out=out)


def log_of_margins(loss: str, margins: Float64) -> Float64:
    """Return logarithms of probabilities, without rounding the probabilities first."""
    if loss != "log_loss":
        with np.errstate(divide="ignore"):
            return np.log(_clipped(margins))
    if margins.shape[1] > 1:
        shifted = margins - margins.max(axis=1, keepdims=True)
        return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return -np.logaddexp(0.0, np.concatenate([margins, -margins], axis=1))


def _clipped(margins: Float64) -> Float64:
    """(clip(z, -1, 1) + 1) / 2; more than two classes are normalised, and uniform where all columns say no."""
    p = (np.clip(margins, -1.0, 1.0) + 1.0) / 2.0
    if margins.shape[1] == 1:
        return np.concatenate([1.0 - p, p], axis=1)
    total = p.sum(axis=1, keepdims=True)
    return np.where(total > 0, p / np.where(total > 0, total, 1.0), 1.0 / p.shape[1])
