"""``progressive_validate``: predict a row, score it, learn it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np
from sklearn.utils import assert_all_finite, column_or_1d
from sklearn.utils.multiclass import unique_labels

from gradstream.evaluation.feed import Chunk, Feed, open_feed
from gradstream.evaluation.labels import Labels
from gradstream.evaluation.learners import Learner, Terms, check_instance, learner_for, task_of
from gradstream.evaluation.learners.single_rows import SingleRowLearner
from gradstream.evaluation.metrics import Metric, choose_metrics
from gradstream.evaluation.metrics.regression import ValueMetric
from gradstream.evaluation.progress import progress_bar
from gradstream.evaluation.report import Curves, ProgressiveReport
from gradstream.evaluation.rows import Array
from gradstream.evaluation.scoreboard import Rules, Scoreboard


def progressive_validate(
    model: Any,
    X_or_stream: Any,
    y: Any = None,
    *,
    metrics: str | Iterable[str] | None = None,
    window: int | None = 1000,
    fading: float | None = 0.999,
    delay: int = 0,
    classes: Any = None,
    sample_weight: Any = None,
    chunk_size: int = 1,
    every: int | None = None,
    progress: bool | str = "auto",
) -> ProgressiveReport:
    """Predict every row of a stream, score it, then learn it: each row is a test row exactly once.

    The model is taught: afterwards it has learnt the whole stream. Pass a copy to keep it as it was.

    Parameters
    ----------
    model : object
        A gradstream estimator, or anything else with ``progressive_fit``, which predicts and learns inside its core; an
        estimator with ``partial_fit`` and ``predict``, as scikit-learn's; a :class:`sklearn.pipeline.Pipeline` whose
        transformers have ``partial_fit``, are stateless, or are fitted already; a model with ``learn_one`` and
        ``predict_one`` on dictionaries, as river's. It may have learnt before.
    X_or_stream : {array-like, sparse matrix} of shape (n_samples, n_features), or iterable
        Rows in the order they came. Without ``y``: an iterable of chunks ``(X, y)`` or ``(X, y, sample_weight)``, or,
        for a model with ``learn_one``, of single rows ``(dict, y)`` or ``(dict, y, weight)``.
    y : array-like of shape (n_samples,), default=None
        Labels or real targets.
    metrics : str or list of str, default=None
        For classification "log_loss", "accuracy", "balanced_accuracy", "roc_auc", "brier", "kappa", "kappa_temporal";
        for regression "mae", "rmse", "r2", "mean_poisson_deviance", "mean_gamma_deviance". None is log_loss (where the
        model has probabilities) and accuracy, or mae, rmse and r2.
    window : int >= 1 or None, default=1000
        Rows of the rolling curves; None leaves them out.
    fading : float in (0, 1) or None, default=0.999
        In the fading curves a row counts this much less with every row after it; None leaves them out.
    delay : int >= 0, default=0
        Labels come late: a row is learnt after the row ``delay`` places later was predicted. The last rows are learnt
        when the stream is over.
    classes : array-like of shape (n_classes,), default=None
        All labels that will come. Needed for a stream of chunks, unless the model knows them.
    sample_weight : array-like of shape (n_samples,), default=None
        Non-negative weights, dimensionless, of learning and of scoring. None means 1 for every row.
    chunk_size : int >= 1, default=1
        Rows that a model with ``partial_fit`` predicts and learns at a time. More is faster, and the rows of a group do
        not profit from each other. No effect on other models.
    every : int >= 1 or None, default=None
        Rows between two points of the curves. None gives 200 to 400 points. The end of the stream is always a point.
    progress : bool or "auto", default="auto"
        Whether to draw a progress bar, with rich, on a terminal.

    Returns
    -------
    report : ProgressiveReport
        Curves and scores of the model and of two baselines, and speed.

    Raises
    ------
    ValueError
        If a parameter, a row or a target is not what is allowed; what was learnt before that chunk is kept.
    TypeError
        If the model cannot learn row by row, or there is neither y nor a stream.
    ImportError
        If ``progress=True`` and rich is not installed.

    See Also
    --------
    ProgressiveDisplay : The curves as a figure.
    gradstream.LinearClassifier.progressive_fit : The predictions themselves.

    Notes
    -----
    Metrics are those of :mod:`sklearn.metrics` on the same predictions, to 12 digits. Memory is that of the window and
    of the points, whatever the length of the stream (and 2^20 scores for the cumulative "roc_auc").

    A model of another library that has learnt nothing yet is not asked: it is taken to say the first class, equal
    probabilities, or 0. The baselines do not count the first row.

    References
    ----------
    .. [1] J. Gama, R. Sebastiao and P. P. Rodrigues, "On evaluating stream learning algorithms", Machine Learning 90,
       2013.

    Examples
    --------
    >>> from sklearn.datasets import make_classification
    >>> from gradstream import LinearClassifier
    >>> from gradstream.evaluation import progressive_validate
    >>> X, y = make_classification(5_000, random_state=0)
    >>> report = progressive_validate(LinearClassifier(), X, y, metrics=["log_loss", "accuracy"])
    >>> report.scores["accuracy"] > report.baselines["majority"].scores["accuracy"]
    True
    >>> report.rolling["log_loss"].shape == report.rows.shape
    True
    """
    check_instance(model)
    _check_numbers(window=window, delay=delay, chunk_size=chunk_size, every=every)
    if fading is not None and not (isinstance(fading, float) and 0.0 < fading < 1.0):
        raise ValueError(f"fading={fading!r}: allowed are numbers above 0 and below 1, and None.")
    feed = open_feed(X_or_stream, y, sample_weight)
    task = task_of(model, feed.first.y, classes)
    labels = _labels_of(model, feed, classes) if task == "classification" else None
    learner = learner_for(model, Terms(labels, int(delay), int(chunk_size)))
    if feed.first.single_rows and not isinstance(learner, SingleRowLearner):
        raise TypeError(
            f"Rows are dictionaries, but {type(model).__name__} has no learn_one that takes them: pass arrays, frames, "
            "or a stream of chunks (X, y)."
        )
    chosen = choose_metrics(metrics, task, learner.gives)
    rules = Rules(task, chosen, window, fading, every, feed.n_rows)
    learner.needs = rules.needs
    run = Run(learner, Scoreboard(rules), labels, chosen)
    with progress_bar(progress, feed.n_rows) as advance:
        for chunk in feed.pieces(learner.piece_rows):
            run.take(chunk)
            advance(len(chunk))
    return run.report()


@dataclass(eq=False)
class Run:
    """A validation on its way."""

    learner: Learner
    board: Scoreboard
    labels: Labels | None
    metrics: tuple[Metric, ...]
    learning: float = 0.0
    scoring: float = 0.0

    def take(self, chunk: Chunk) -> None:
        """Predict, learn and score a chunk."""
        begin = perf_counter()
        y = self._targets(chunk)
        encoded = perf_counter()
        rows = self.learner.step(chunk, y)
        learnt = perf_counter()
        self.board.add(rows, 2 if self.labels is None else self.labels.n_classes)
        self.learning += learnt - encoded
        self.scoring += perf_counter() - learnt + encoded - begin

    def report(self) -> ProgressiveReport:
        """Learn and score what waits, and tell."""
        begin = perf_counter()
        self.learner.finish()
        learnt = perf_counter()
        curves = self.board.finish(2 if self.labels is None else self.labels.n_classes)
        rules = self.board.rules
        return ProgressiveReport(
            **curves.pop("model"),
            baselines={name: Curves(**kinds) for name, kinds in curves.items()},
            rows=self.board.points,
            window=rules.window,
            decay=rules.decay,
            delay=self.learner.terms.delay,
            classes_=None if self.labels is None else self.labels.array(),
            seconds_learning=self.learning + learnt - begin,
            seconds_scoring=self.scoring + perf_counter() - learnt,
            name=getattr(self.learner.model, "shown_as", type(self.learner.model).__name__),
        )

    def _targets(self, chunk: Chunk) -> Array:
        """Return codes of labels, or real targets in the domain of the metrics."""
        if self.labels is not None:
            return self.labels.encode(chunk.y)
        y = np.asarray(column_or_1d(chunk.y), np.float64)
        assert_all_finite(y, input_name="y")
        for metric in self.metrics:
            assert isinstance(metric, ValueMetric)
            metric.check_targets(y)
        return y


def _labels_of(model: Any, feed: Feed, classes: Any) -> Labels:
    """Return the labels: as the model knows them, as the user says, as they are in y, or as they will come."""
    known = getattr(model, "classes_", None)
    if known is not None:
        known = np.asarray(known)
        if classes is not None and not np.array_equal(known, unique_labels(classes)):
            raise ValueError(
                f"classes={classes!r}, but the model has learnt with the classes {known!r}. Leave them out."
            )
        return Labels(known)
    if classes is not None:
        return Labels(unique_labels(classes))
    if feed.y is not None:
        return Labels(_distinct(feed.y))
    if feed.first.single_rows:
        return Labels(None)
    raise ValueError(
        "classes=None with a stream of chunks: later chunks may bring labels that the first one lacks. Pass "
        "classes=[...] with all of them."
    )


def _distinct(y: Array) -> Array:
    """Return ``np.unique(y)``, without sorting y where two labels are all there is."""
    first = np.unique(y[:1000])
    if len(first) == 2 and np.all((y == first[0]) | (y == first[1])):
        return first
    return np.unique(y)


def _check_numbers(**numbers: Any) -> None:
    """Raise ValueError for what is not an integer that is large enough."""
    for name, value in numbers.items():
        least = 0 if name == "delay" else 1
        optional = name in ("window", "every")
        if value is None and optional:
            continue
        if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
            allowed = f"integers >= {least}" + (" and None" if optional else "")
            raise ValueError(f"{name}={value!r}: allowed are {allowed}.")
