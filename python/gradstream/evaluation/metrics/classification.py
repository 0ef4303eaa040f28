"""Metrics of labels and of probabilities."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from gradstream.evaluation.metrics.base import WEIGHT, SummedMetric, Totals, mean_of, ratio
from gradstream.evaluation.rows import Array, Block
from gradstream.evaluation.statistics import ClassSum, RowSum, Statistic


def _log_likelihoods(rows: Block) -> Array:
    truth = rows["truth"]
    return np.log(truth, out=rows.room.array("log likelihoods", truth.shape))


def _squared_distances(rows: Block) -> Array:
    """Return sum_k (p_k - [k = y])^2: of the label that came, and of all the others."""
    return (1.0 - rows["truth"]) ** 2 + rows["others"]


def _followed(rows: Block) -> Array:
    return rows.last >= 0


def _repeated(rows: Block) -> Array:
    return rows.last == rows.y


LOG_LIKELIHOODS = RowSum("log_likelihoods", _log_likelihoods)
DISTANCES = RowSum("squared_distances", _squared_distances)
HITS = RowSum("hits", lambda rows: rows.hits)
TRUE_CLASSES = ClassSum("true_classes", lambda rows: rows.y)
PREDICTED_CLASSES = ClassSum("predicted_classes", lambda rows: rows["labels"])
HIT_CLASSES = ClassSum("hit_classes", lambda rows: np.where(rows["labels"] == rows.y, rows.y, -1))
# All of the following leave out the first row, which has no label before it.
FOLLOWERS = RowSum("followers", _followed)
FOLLOWING_HITS = RowSum("following_hits", lambda rows: rows.hits & _followed(rows))
REPEATS = RowSum("repeats", _repeated)


class LogLoss(SummedMetric):
    """Mean of -log p(y), natural logarithm, p clipped to [eps, 1 - eps] as scikit-learn does."""

    name, label = "log_loss", "log loss"
    needs, wants = ("truth",), "probabilities"
    statistics: ClassVar[tuple[Statistic, ...]] = (WEIGHT, LOG_LIKELIHOODS)

    def value(self, totals: Totals) -> Array:
        """Return the mean."""
        return -mean_of(LOG_LIKELIHOODS, totals)


class Brier(SummedMetric):
    """Mean of sum_k (p_k - [k = y])^2, halved for two classes: scikit-learn's ``brier_score_loss``."""

    name, label = "brier", "Brier score"
    needs, wants = ("truth", "others"), "probabilities"
    statistics: ClassVar[tuple[Statistic, ...]] = (WEIGHT, DISTANCES, TRUE_CLASSES)

    def value(self, totals: Totals) -> Array:
        """Return the mean."""
        two_classes = totals[TRUE_CLASSES.name].shape[-1] <= 2
        return mean_of(DISTANCES, totals) * (0.5 if two_classes else 1.0)


class Accuracy(SummedMetric):
    """Share of right labels."""

    name, label = "accuracy", "accuracy"
    needs, greater_is_better = ("labels",), True
    statistics: ClassVar[tuple[Statistic, ...]] = (WEIGHT, HITS)

    def value(self, totals: Totals) -> Array:
        """Return the mean."""
        return mean_of(HITS, totals)


class BalancedAccuracy(SummedMetric):
    """Mean over the classes that came of the share of their rows that were right."""

    name, label = "balanced_accuracy", "balanced accuracy"
    needs, greater_is_better = ("labels",), True
    statistics: ClassVar[tuple[Statistic, ...]] = (TRUE_CLASSES, HIT_CLASSES)

    def value(self, totals: Totals) -> Array:
        """Return the mean of recalls."""
        recalls = ratio(totals[HIT_CLASSES.name], totals[TRUE_CLASSES.name])
        came = ~np.isnan(recalls)
        return ratio(np.where(came, recalls, 0.0).sum(axis=-1), came.sum(axis=-1))


class Kappa(SummedMetric):
    """Cohen's kappa: how much of the way from chance agreement to full agreement.

    J. Cohen, "A coefficient of agreement for nominal scales", 1960.
    """

    name, label = "kappa", "Cohen's kappa"
    needs, greater_is_better = ("labels",), True
    statistics: ClassVar[tuple[Statistic, ...]] = (WEIGHT, HITS, TRUE_CLASSES, PREDICTED_CLASSES)

    def value(self, totals: Totals) -> Array:
        """Return 1 - observed over expected disagreement; NaN while truth and prediction are one same class."""
        weight = totals[WEIGHT.name][..., 0]
        chance = ratio((totals[TRUE_CLASSES.name] * totals[PREDICTED_CLASSES.name]).sum(axis=-1), weight)
        return 1.0 - ratio(weight - totals[HITS.name][..., 0], weight - chance)


class KappaTemporal(SummedMetric):
    """The same against "as the label before": 0 or less is no better than repeating the last label.

    A. Bifet, J. Read, I. Zliobaite, B. Pfahringer and G. Holmes, "Pitfalls in benchmarking data stream classification
    and how to avoid them", ECML PKDD 2013. The first row has no label before it and does not count.
    """

    name, label = "kappa_temporal", "kappa against the last label"
    needs, greater_is_better = ("labels", "last"), True
    statistics: ClassVar[tuple[Statistic, ...]] = (FOLLOWERS, FOLLOWING_HITS, REPEATS)

    def value(self, totals: Totals) -> Array:
        """Return 1 - misses of the model over changes of the label; NaN while the label has not changed."""
        rows, hits, repeats = (totals[part.name][..., 0] for part in (FOLLOWERS, FOLLOWING_HITS, REPEATS))
        return 1.0 - ratio(rows - hits, rows - repeats)
