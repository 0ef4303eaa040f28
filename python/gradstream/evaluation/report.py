"""What a progressive validation found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from pandas import DataFrame

    from gradstream.evaluation.display import ProgressiveDisplay

CURVES = ("cumulative", "rolling", "fading")


@dataclass(frozen=True, eq=False)
class Curves:
    """Curves of one predictor: by name of the metric an array with a value for each point.

    Attributes
    ----------
    cumulative : dict of str to ndarray
        Of all rows so far. A metric that has to see all rows at once, "roc_auc", is NaN but for the end.
    rolling : dict of str to ndarray
        Of the last ``window`` rows; of fewer in the beginning.
    fading : dict of str to ndarray
        Of all rows so far, each counting ``fading`` times less with every row after it. Not of "roc_auc".
    """

    cumulative: Mapping[str, NDArray[np.float64]]
    rolling: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    fading: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)

    @property
    def scores(self) -> dict[str, float]:
        """Value of each metric over the whole stream."""
        return {name: float(curve[-1]) for name, curve in self.cumulative.items()}


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class ProgressiveReport(Curves):
    """Curves, scores, baselines and speed of a progressive validation, from :func:`progressive_validate`.

    Attributes
    ----------
    rows : ndarray of shape (n_points,)
        Rows seen at each point of the curves.
    cumulative, rolling, fading : dict of str to ndarray of shape (n_points,)
        Curves of each metric: of all rows so far, of the last ``window`` rows (fewer in the beginning), of rows that
        count ``decay`` times less with every row after them. "roc_auc" does not fade, and its cumulative curve is NaN
        but for the end.
    scores : dict of str to float
        Value of each metric over the whole stream.
    baselines : dict of str to Curves
        The same of predictors that look at no feature: "majority" and "last_label", or "mean" and "last_value". They
        know the rows before, and do not count the first row.
    metrics : tuple of str
        Names of the metrics.
    n_rows : int
        Rows of the stream.
    window, decay, delay : int or None, float or None, int
        As they were passed; ``decay`` is the parameter ``fading``.
    classes_ : ndarray of shape (n_classes,) or None
        Labels; None for regression.
    seconds_learning, seconds_scoring : float
        Time spent in predicting and learning, and in everything that metrics and baselines took.
    rows_per_second : float
        Rows predicted, learnt and scored in a second.
    name : str
        Class of the model.

    See Also
    --------
    progressive_validate : Makes one.
    ProgressiveDisplay : The curves as a figure.

    Examples
    --------
    >>> from sklearn.datasets import make_regression
    >>> from gradstream import LinearRegressor
    >>> from gradstream.evaluation import progressive_validate
    >>> X, y = make_regression(2_000, 10, noise=10.0, random_state=0)
    >>> report = progressive_validate(LinearRegressor(), X, y, every=500)
    >>> report.rows
    array([ 500, 1000, 1500, 2000])
    >>> report.scores["mae"] < report.baselines["mean"].scores["mae"]
    True
    """

    baselines: Mapping[str, Curves]
    rows: NDArray[np.int64]
    window: int | None
    decay: float | None
    delay: int
    classes_: NDArray[Any] | None
    seconds_learning: float
    seconds_scoring: float
    name: str

    @property
    def metrics(self) -> tuple[str, ...]:
        """Names of the metrics."""
        return tuple(self.cumulative)

    @property
    def n_rows(self) -> int:
        """Rows of the stream."""
        return int(self.rows[-1])

    @property
    def rows_per_second(self) -> float:
        """Rows predicted, learnt and scored in a second."""
        return self.n_rows / (self.seconds_learning + self.seconds_scoring)

    def __repr__(self) -> str:
        scores = ", ".join(f"{name}={value:.4g}" for name, value in self.scores.items())
        return f"ProgressiveReport({self.name}, {self.n_rows} rows: {scores})"

    def to_frame(self) -> DataFrame:
        """Return all curves as one table.

        Returns
        -------
        frame : pandas.DataFrame
            One line for each point of each curve: ``row`` (the index), ``metric``, ``curve`` ("cumulative", "rolling"
            or "fading"), ``value``, and a column for each baseline. Points without any value are left out.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        try:
            import pandas as pd
        except ImportError as error:
            raise ImportError("to_frame() needs pandas, which is not installed: pip install pandas.") from error
        frames = []
        for metric in self.metrics:
            for kind in CURVES:
                if metric in getattr(self, kind):
                    values = {"value": getattr(self, kind)[metric]}
                    values |= {name: getattr(curves, kind)[metric] for name, curves in self.baselines.items()}
                    frame = pd.DataFrame(
                        {"metric": metric, "curve": kind, **values}, index=pd.Index(self.rows, name="row")
                    )
                    frames.append(frame.dropna(how="all", subset=list(values)))
        return pd.concat(frames)

    def summary(self) -> str:
        """Return scores, baselines and speed as a small table of text.

        Returns
        -------
        summary : str
            Several lines, without a line feed at the end.
        """
        from gradstream.evaluation.summary import summary_of

        return summary_of(self)

    def plot(self, ax: Any = None, *, metric: str | None = None, curve: str = "rolling") -> ProgressiveDisplay:
        """Draw a curve beside its baselines.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.
        metric : str, default=None
            Name of a metric of the report; None is the first one.
        curve : {"cumulative", "rolling", "fading"}, default="rolling"
            Which curve.

        Returns
        -------
        display : ProgressiveDisplay
            With ``ax_``, ``figure_`` and ``line_``.

        Raises
        ------
        ValueError
            If the report has no such curve.
        ImportError
            If matplotlib is not installed.
        """
        from gradstream.evaluation.display import ProgressiveDisplay

        return ProgressiveDisplay.from_report(self, metric=metric, curve=curve, ax=ax)
