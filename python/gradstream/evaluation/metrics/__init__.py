"""The register of metrics. A new one is a class in one of these files and a word in the list below."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from gradstream.evaluation.metrics.base import Metric, SummedMetric, WholeMetric
from gradstream.evaluation.metrics.classification import (
    Accuracy,
    BalancedAccuracy,
    Brier,
    Kappa,
    KappaTemporal,
    LogLoss,
)
from gradstream.evaluation.metrics.ranking import RocAuc
from gradstream.evaluation.metrics.regression import MAE, R2, RMSE, MeanGammaDeviance, MeanPoissonDeviance

__all__ = ["METRICS", "Metric", "SummedMetric", "WholeMetric", "choose_metrics"]

METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        LogLoss(),
        Accuracy(),
        BalancedAccuracy(),
        RocAuc(),
        Brier(),
        Kappa(),
        KappaTemporal(),
        MAE(),
        RMSE(),
        R2(),
        MeanPoissonDeviance(),
        MeanGammaDeviance(),
    )
}

DEFAULTS = {"classification": ("log_loss", "accuracy"), "regression": ("mae", "rmse", "r2")}


def choose_metrics(names: str | Iterable[str] | None, task: str, gives: frozenset[str]) -> tuple[Metric, ...]:
    """Return metrics by name, or raise ValueError for names that do not fit the task or the model.

    ``gives`` names the fields of ScoredRows that the model can fill. None stands for the defaults of the task, as far
    as the model can fill them.
    """
    gives = gives | {"last", "rates"}  # the label before, and rates that are the values: nothing to ask a model for
    if names is None:
        known = [METRICS[name] for name in DEFAULTS[task]]
        return tuple(metric for metric in known if gives.issuperset(metric.needs))
    chosen: Sequence[Any] = list(names) if isinstance(names, Iterable) and not isinstance(names, str) else [names]
    allowed = [name for name, metric in METRICS.items() if metric.task == task]
    wrong = [name for name in chosen if name not in allowed]
    if wrong or not chosen:
        raise ValueError(
            f"metrics={names!r}: for {task}, allowed are {', '.join(map(repr, allowed))}, or a list of them."
        )
    for name in chosen:
        if not gives.issuperset(METRICS[name].needs):
            able = [other for other in allowed if gives.issuperset(METRICS[other].needs)]
            raise ValueError(
                f"metrics={name!r} needs {METRICS[name].wants}, which this model does not give. "
                f"Metrics that it can be judged by: {', '.join(map(repr, able))}."
            )
    return tuple(METRICS[name] for name in dict.fromkeys(chosen))
