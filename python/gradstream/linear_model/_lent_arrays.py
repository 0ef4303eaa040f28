"""Arrays that predict and may be written to: whoever writes to them changes the model."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.exceptions import NotFittedError
from sklearn.utils.extmath import safe_sparse_dot
from sklearn.utils.validation import check_is_fitted

from gradstream._validation import CheckedRows, assert_finite, check_row, check_rows
from gradstream.linear_model._going_on import GoingOn


class LentArrays(GoingOn):
    """``coef_`` and ``intercept_`` as scikit-learn has them, taken up by a call that learns.

    ``_lent`` in the dictionary says that somebody has them, or that there is no other model: until then they are what
    the model says, and single rows are predicted by it.
    """

    @property
    def coef_(self) -> Any:
        """Coefficients in X's own units; they may be written to."""
        return self._lend("coef_")

    @coef_.setter
    def coef_(self, value: Any) -> None:
        self.__dict__.update(coef_=value, _lent=True)

    @property
    def intercept_(self) -> Any:
        """Intercepts; they may be written to."""
        return self._lend("intercept_")

    @intercept_.setter
    def intercept_(self, value: Any) -> None:
        self.__dict__.update(intercept_=value, _lent=True)

    def _lend(self, name: str) -> Any:
        value = self._published(name)
        self.__dict__["_lent"] = True
        return value

    def _published(self, name: str) -> Any:
        attributes = self.__dict__
        if name not in attributes:
            if "_model" not in attributes:
                raise AttributeError(f"{self._owner!r} object has no attribute {name!r}")
            coef, attributes["intercept_"] = self._shaped(*self._linear())
            attributes["coef_"] = coef
        return attributes[name]

    def _arrays(self) -> tuple[Any, Any]:
        return self._published("coef_"), self._published("intercept_")

    def __sklearn_is_fitted__(self) -> bool:
        return "_model" in vars(self) or "coef_" in vars(self)

    def _margins(self, X: Any) -> NDArray[Any]:
        """Return (n, K) margins of rows at ``coef_`` and ``intercept_`` as they are now."""
        attributes = self.__dict__
        if not self.__sklearn_is_fitted__():
            check_is_fitted(self)
            raise NotFittedError
        coef, intercept = self._arrays()
        if "n_features_in_" not in attributes:  # a model that was put together by hand
            self.n_features_in_ = int(coef.shape[-1])
        return self._margins_of(check_rows(self, X, reset=False), coef, intercept)

    def _margins_of(self, rows: CheckedRows, coef: Any, intercept: Any) -> NDArray[Any]:
        with np.errstate(invalid="ignore", over="ignore"):  # not in X: said below
            weights = np.atleast_2d(coef).T if _dense(coef) else coef.T
            margins: NDArray[Any] = safe_sparse_dot(rows.matrix(), weights, dense_output=True) + intercept
        if not (_dense(coef) and np.isfinite(margins).all()):
            assert_finite(self._owner, rows)
        return margins

    def _margins_one(self, x: Any) -> NDArray[Any]:
        if "_lent" not in self.__dict__:
            return super()._margins_one(x)
        coef, intercept = self._arrays()
        return self._margins_of(check_row(self, x, coef.dtype), coef, intercept)


def _dense(array: Any) -> bool:
    return not sp.issparse(array)
