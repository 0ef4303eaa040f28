"""Errors and warnings that gradstream raises beside scikit-learn's own."""

from sklearn.exceptions import ConvergenceWarning, NotFittedError

__all__ = ["ConvergenceWarning", "DivergenceError", "NotFittedError"]


class DivergenceError(ValueError):
    """A coefficient became infinite or NaN although the data are finite.

    The message names the row or the step. The estimator is what it was before the call.

    Notes
    -----
    A subclass of :class:`ValueError`, because that is what :class:`sklearn.linear_model.SGDClassifier` raises there.

    Examples
    --------
    >>> from gradstream.exceptions import DivergenceError
    >>> issubclass(DivergenceError, ValueError)
    True
    """
