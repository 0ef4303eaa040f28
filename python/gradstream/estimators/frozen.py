"""Models that only predict: what a server holds while another thread learns."""

from __future__ import annotations

import os
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray
from sklearn.base import is_classifier
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from gradstream.estimators._fitted_values import read_only
from gradstream.persistence import register, save


def _has(name: str) -> Any:
    return lambda frozen: getattr(frozen._model, name) is not None


class FrozenRegressor:
    """A regressor as it was when ``frozen()`` was called: it predicts and never changes.

    Parameters
    ----------
    model : estimator
        A fitted estimator that nobody teaches; ``estimator.frozen()`` makes one.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,)
        In X's own units, read-only.
    intercept_ : float
        Intercept.
    n_features_in_ : int
        Number of columns of X.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the columns, when the model knew them.

    See Also
    --------
    FrozenClassifier : The same for labels.

    Notes
    -----
    Any number of threads may predict at once, without a lock. Predictions are those of the estimator, to rounding.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from gradstream import LinearRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> model = LinearRegressor().fit(X[:300], y[:300])
    >>> served = model.frozen()
    >>> before = served.predict(X)
    >>> model = model.partial_fit(X[300:], y[300:])
    >>> bool((served.predict(X) == before).all())
    True
    """

    __slots__ = ("__weakref__", "_model")
    _model: Any

    def __init__(self, model: Any) -> None:
        check_is_fitted(model)
        wanted = FrozenClassifier if is_classifier(model) else FrozenRegressor
        if type(self) is not wanted:
            raise TypeError(
                f"model = {model!r:.200} is for a {wanted.__name__}, not a {type(self).__name__}: call its frozen()."
            )
        object.__setattr__(self, "_model", model)

    @property
    def coef_(self) -> NDArray[Any]:
        """Coefficients in X's own units, read-only."""
        return read_only(self._model.coef_)

    @property
    def intercept_(self) -> Any:
        """Intercept or intercepts, read-only."""
        return read_only(self._model.intercept_)

    @property
    def n_features_in_(self) -> int:
        """Number of columns of X."""
        return int(self._model.n_features_in_)

    @property
    def feature_names_in_(self) -> NDArray[Any]:
        """Names of the columns, when the model knew them, read-only."""
        return read_only(self._model.feature_names_in_.copy())

    def predict(self, X: Any) -> NDArray[Any]:
        """Return predictions for rows.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        predictions : ndarray of shape (n_samples,)
            In units of y, or labels.

        Raises
        ------
        ValueError
            If X is not what the model expects.
        """
        return self._model.predict(X)

    @available_if(_has("decision_function"))
    def decision_function(self, X: Any) -> NDArray[np.float64]:
        """Return the margins of rows, of classifiers and outlier detectors.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        margins : ndarray of shape (n_samples,) or (n_samples, n_classes)
            Two classes: positive for ``classes_[1]``.

        Raises
        ------
        ValueError
            If X is not what the model expects.
        """
        return self._model.decision_function(X)

    def predict_one(self, x: Any) -> Any:
        """Return the prediction for one row.

        Parameters
        ----------
        x : ndarray of shape (n_features,), or tuple (indices, values)
            The row; the pair holds the columns that are not 0, in increasing order.

        Returns
        -------
        prediction : float or label
            In units of y, or one of ``classes_``.

        Raises
        ------
        ValueError
            If x is not what the model expects.
        """
        return self._model.predict_one(x)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the model to one file, at once or not at all; :func:`gradstream.load` brings it back.

        Parameters
        ----------
        path : str or path-like
            The file; one that is there is replaced.

        Raises
        ------
        OSError
            If the file cannot be written; the old one is still there.
        """
        save(self, path)

    def __setattr__(self, name: str, value: Any) -> NoReturn:
        raise AttributeError(
            f"{name} = {value!r}: a {type(self).__name__} never changes. Change the estimator it was made of, and call "
            "its frozen() again."
        )

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"{name}: a {type(self).__name__} never changes.")

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self._model,)

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._model!r})"


class FrozenClassifier(FrozenRegressor):
    """A classifier as it was when ``frozen()`` was called: it predicts and never changes.

    Parameters
    ----------
    model : estimator
        A fitted estimator that nobody teaches; ``estimator.frozen()`` makes one.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Labels, read-only.
    coef_ : ndarray of shape (1, n_features) or (n_classes, n_features)
        In X's own units, read-only.
    intercept_ : ndarray of shape (1,) or (n_classes,)
        Intercepts, read-only.
    n_features_in_ : int
        Number of columns of X.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the columns, when the model knew them.

    See Also
    --------
    FrozenRegressor : The same for numbers.

    Notes
    -----
    Any number of threads may predict at once, without a lock. Predictions are those of the estimator, to rounding.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from gradstream import LinearClassifier
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> served = LinearClassifier().fit(X, y).frozen()
    >>> served.predict_proba_one(X[0]).shape
    (2,)
    >>> served.coef_[0, 0] = 0.0
    Traceback (most recent call last):
        ...
    ValueError: assignment destination is read-only
    """

    __slots__ = ()

    @property
    def classes_(self) -> NDArray[Any]:
        """Labels, read-only."""
        return read_only(self._model.classes_.copy())

    @available_if(_has("predict_proba"))
    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Return class probabilities of rows, where the loss has them.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes)
            Columns in the order of ``classes_``.

        Raises
        ------
        ValueError
            If X is not what the model expects.
        """
        return self._model.predict_proba(X)

    @available_if(_has("predict_log_proba"))
    def predict_log_proba(self, X: Any) -> NDArray[np.float64]:
        """Return logarithms of class probabilities of rows, where the loss has them.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        log_probabilities : ndarray of shape (n_samples, n_classes)
            Columns in the order of ``classes_``.

        Raises
        ------
        ValueError
            If X is not what the model expects.
        """
        return self._model.predict_log_proba(X)

    def predict_proba_one(self, x: Any) -> NDArray[np.float64]:
        """Return the class probabilities of one row, where the loss has them.

        Parameters
        ----------
        x : ndarray of shape (n_features,), or tuple (indices, values)
            The row; the pair holds the columns that are not 0, in increasing order.

        Returns
        -------
        probabilities : ndarray of shape (n_classes,)
            In the order of ``classes_``.

        Raises
        ------
        AttributeError
            If the loss has no probabilities.
        ValueError
            If x is not what the model expects.
        """
        return self._model.predict_proba_one(x)


for _cls in (FrozenClassifier, FrozenRegressor):
    register(f"gradstream.{_cls.__name__}", _cls, parameters=lambda frozen: {"model": frozen._model})
