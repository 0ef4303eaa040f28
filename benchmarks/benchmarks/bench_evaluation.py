"""What does a row cost when it is also scored, beside two baselines, with three curves?"""

import numpy as np

from benchmarks.axes import best_seconds
from benchmarks.data import gaussian
from gradstream import LinearClassifier, LinearRegressor
from gradstream.evaluation import progressive_validate

METRICS = ["log_loss", "accuracy", "balanced_accuracy", "brier", "kappa", "kappa_temporal", "roc_auc"]


class Classification:
    """Scoring alone: learning has a benchmark of its own."""

    params = ([["log_loss", "accuracy"], *([name] for name in METRICS)],)
    param_names = ("metrics",)

    def setup(self, metrics):
        self.rows = gaussian(100_000, 30)
        report = self.validate(metrics)
        p = LinearClassifier().progressive_fit(self.rows.X, self.rows.y, [-1, 1], method="predict")
        assert "accuracy" not in metrics or np.isclose(report.scores["accuracy"], np.mean(p == self.rows.y))

    def validate(self, metrics):
        return progressive_validate(LinearClassifier(), self.rows.X, self.rows.y, metrics=metrics)

    def track_scoring_per_row(self, metrics):
        return min(self.validate(metrics).seconds_scoring for _ in range(5)) / len(self.rows.y) * 1e9

    track_scoring_per_row.unit = "ns"


class WholeCall:
    """Predicting, learning and scoring, with the metrics that come by default."""

    params = (["classification", "regression"], [0, 10])
    param_names = ("task", "delay")

    def setup(self, task, delay):
        self.rows = gaussian(2_000 if delay else 100_000, 30)
        self.make = LinearClassifier if task == "classification" else LinearRegressor
        self.delay = delay
        assert self.validate().n_rows == len(self.rows.y)

    def validate(self):
        return progressive_validate(self.make(), self.rows.X, self.rows.y, delay=self.delay)

    def track_time_per_row(self, task, delay):
        return best_seconds(self.validate, repeats=3) / len(self.rows.y) * 1e9

    track_time_per_row.unit = "ns"
