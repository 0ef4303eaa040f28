"""Curves of a progressive validation as a figure. matplotlib is imported when one is drawn."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import TYPE_CHECKING, Any

from gradstream.evaluation.baselines import HEADINGS
from gradstream.evaluation.metrics import METRICS
from gradstream.evaluation.validate import progressive_validate

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gradstream.evaluation.report import Curves, ProgressiveReport

CURVES = ("rolling", "cumulative", "fading")

STYLES = ("--", ":")


class ProgressiveDisplay:
    """A curve of a metric along a stream, beside its baselines.

    Made by :meth:`from_report` or :meth:`from_estimator`; several can be drawn on the same axes.

    Parameters
    ----------
    rows : ndarray of shape (n_points,)
        Rows seen at each point.
    values : ndarray of shape (n_points,)
        The metric of the model.
    label : str
        What is drawn, for the axis.
    baselines : dict of str to ndarray of shape (n_points,), default=None
        The metric of each baseline, by the name that the legend gives it.
    name : str, default=None
        What the legend calls the model.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Where the curve was drawn.
    figure_ : matplotlib Figure
        The figure of the axes.
    line_ : matplotlib Line2D
        The curve of the model.
    baseline_lines_ : list of matplotlib Line2D
        The curves of the baselines.

    See Also
    --------
    progressive_validate : Makes the report.

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("Agg")
    >>> from sklearn.datasets import make_classification
    >>> from gradstream import LinearClassifier
    >>> from gradstream.evaluation import ProgressiveDisplay
    >>> X, y = make_classification(5_000, random_state=0)
    >>> display = ProgressiveDisplay.from_estimator(LinearClassifier(), X, y, metric="accuracy")
    >>> display.ax_.get_ylabel()
    'accuracy, last 1,000 rows'
    """

    def __init__(
        self,
        rows: NDArray[Any],
        values: NDArray[Any],
        label: str,
        baselines: Mapping[str, NDArray[Any]] | None = None,
        name: str | None = None,
    ) -> None:
        self.rows = rows
        self.values = values
        self.label = label
        self.baselines = baselines
        self.name = name

    @classmethod
    def from_report(
        cls,
        report: ProgressiveReport,
        *,
        metric: str | None = None,
        curve: str = "rolling",
        ax: Any = None,
        name: str | None = None,
        **line_kwargs: Any,
    ) -> ProgressiveDisplay:
        """Draw a curve of a report.

        Parameters
        ----------
        report : ProgressiveReport
            From :func:`progressive_validate`.
        metric : str, default=None
            Name of a metric of the report; None is the first one.
        curve : {"rolling", "cumulative", "fading"}, default="rolling"
            Which curve.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.
        name : str, default=None
            What the legend calls the model; None is the name of its class.
        **line_kwargs : dict
            For matplotlib's ``plot``.

        Returns
        -------
        display : ProgressiveDisplay
            With ``ax_``, ``figure_``, ``line_`` and ``baseline_lines_``.

        Raises
        ------
        ValueError
            If the report has no such curve.
        ImportError
            If matplotlib is not installed.
        """
        metric = report.metrics[0] if metric is None else metric
        values = _curve(report, report, curve, metric)
        baselines = {HEADINGS[key]: _curve(report, member, curve, metric) for key, member in report.baselines.items()}
        display = cls(
            report.rows, values, _label(report, metric, curve), baselines, report.name if name is None else name
        )
        return display.plot(ax, **line_kwargs)

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: Any = None,
        *,
        metric: str | None = None,
        curve: str = "rolling",
        ax: Any = None,
        name: str | None = None,
        **options: Any,
    ) -> ProgressiveDisplay:
        """Validate a copy of a model, which stays as it is, and draw a curve.

        Parameters
        ----------
        estimator : object
            What :func:`progressive_validate` takes.
        X : {array-like, sparse matrix} of shape (n_samples, n_features), or iterable
            Rows, or a stream.
        y : array-like of shape (n_samples,), default=None
            Targets; None with a stream.
        metric : str, default=None
            Name of a metric; None is the first of the defaults.
        curve : {"rolling", "cumulative", "fading"}, default="rolling"
            Which curve.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.
        name : str, default=None
            What the legend calls the model; None is the name of its class.
        **options : dict
            For :func:`progressive_validate`: ``window``, ``delay``, ``classes``, ...

        Returns
        -------
        display : ProgressiveDisplay
            With ``ax_``, ``figure_``, ``line_`` and ``baseline_lines_``.

        Raises
        ------
        ValueError
            If the data or a parameter are not what is allowed.
        ImportError
            If matplotlib is not installed.
        """
        _pyplot()  # before the work, not after it
        report = progressive_validate(deepcopy(estimator), X, y, **{"metrics": metric, **options})
        return cls.from_report(report, metric=metric, curve=curve, ax=ax, name=name)

    def plot(self, ax: Any = None, **line_kwargs: Any) -> ProgressiveDisplay:
        """Draw the curve.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.
        **line_kwargs : dict
            For matplotlib's ``plot``.

        Returns
        -------
        self : ProgressiveDisplay
            With ``ax_``, ``figure_``, ``line_`` and ``baseline_lines_``.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        """
        if ax is None:
            ax = _pyplot().subplots()[1]
        (self.line_,) = ax.plot(self.rows, self.values, **{"label": self.name, **line_kwargs})
        drawn = {line.get_label() for line in ax.get_lines()}
        self.baseline_lines_ = []
        for style, (heading, values) in zip(STYLES, (self.baselines or {}).items(), strict=False):
            if heading not in drawn:  # a second model on the same axes has the same baselines
                self.baseline_lines_ += ax.plot(self.rows, values, style, color="0.5", linewidth=1.0, label=heading)
        ax.set(xlabel="rows", ylabel=self.label)
        ax.legend()
        self.ax_, self.figure_ = ax, ax.figure
        return self


def _curve(report: ProgressiveReport, member: Curves, curve: str, metric: str) -> NDArray[Any]:
    if curve not in CURVES:
        raise ValueError(f"curve={curve!r}: allowed are {', '.join(map(repr, CURVES))}.")
    if metric not in report.metrics:
        raise ValueError(f"metric={metric!r}: the report has {', '.join(map(repr, report.metrics))}.")
    found = getattr(member, curve).get(metric)
    if found is None:
        has = ", ".join(repr(kind) for kind in CURVES if metric in getattr(report, kind))
        raise ValueError(f"curve={curve!r}: of {metric!r} the report has {has}.")
    return found


def _label(report: ProgressiveReport, metric: str, curve: str) -> str:
    rows = {
        "cumulative": "all rows so far",
        "rolling": f"last {report.window or 0:,} rows",
        "fading": f"rows fading by {report.decay}",
    }
    return f"{METRICS[metric].label}, {rows[curve]}"


def _pyplot() -> Any:
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError(
            'Figures are drawn by matplotlib, which is not installed: pip install "gradstream[plot]".'
        ) from error
    return plt
