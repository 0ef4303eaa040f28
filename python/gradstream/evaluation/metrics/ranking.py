"""Metrics of the order that scores put rows in."""

from __future__ import annotations

import numpy as np

from gradstream.evaluation.metrics.base import WholeMetric
from gradstream.evaluation.rows import Array, ScoredRows


class RocAuc(WholeMetric):
    """Area under the ROC curve; of more than two classes, the mean over classes of one against the rest.

    NaN where a class has no rows. Of two classes: probability that a row of the second one has a higher score than a
    row of the first, ties count half.
    """

    name, label = "roc_auc", "ROC AUC"
    needs, wants, greater_is_better = (
        ("scores",),
        "scores that rank rows (probabilities, of more than two classes)",
        True,
    )

    def of(self, rows: ScoredRows) -> float:
        """Return the area."""
        scores = rows.scores
        assert scores is not None
        if scores.ndim == 1:
            return _area(rows.y == 1, scores, rows.weights)
        return float(np.mean([_area(rows.y == k, scores[:, k], rows.weights) for k in range(scores.shape[1])]))


def _area(positive: Array, scores: Array, weights: Array | None) -> float:
    """Sum over positive rows of the weight of negative rows below, and half of those that tie."""
    if weights is None:
        high, low = np.sort(scores[positive]), np.sort(scores[~positive])  # sorted keys are found in half the time
        below = np.searchsorted(low, high, "left") + np.searchsorted(low, high, "right")
        pairs = len(high) * len(low)
        return float(below.sum() / 2.0 / pairs) if pairs else float("nan")
    order = np.argsort(scores[~positive], kind="stable")
    low, high = scores[~positive][order], scores[positive]
    mass = np.concatenate([[0.0], np.cumsum(weights[~positive][order])])
    below = mass[np.searchsorted(low, high, "left")] + mass[np.searchsorted(low, high, "right")]
    pairs = weights[positive].sum() * mass[-1]
    return float((below * weights[positive]).sum() / 2.0 / pairs) if pairs > 0 else float("nan")
