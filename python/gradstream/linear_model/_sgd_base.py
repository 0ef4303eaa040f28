"""What the four SGD drop-ins share: rows and weights in, a model through the core, attributes out."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from numbers import Integral
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model._base import SparseCoefMixin

from gradstream import _core
from gradstream._validation import FLOATS, CheckedRows, check_rows, check_signed_weight
from gradstream.linear_model._sgd_model import SgdModel, SgdRun, fresh_progress
from gradstream.linear_model._sgd_parameters import rule_of
from gradstream.linear_model._sgd_saved import SavedSGD

if TYPE_CHECKING:
    from gradstream._core import Float64
    from gradstream.linear_model._sgd_seeds import Mask, Seeds


class SGDBase(SavedSGD, SparseCoefMixin, BaseEstimator):
    """Parameters, rows, and the way of a call through the core. Weights are ``coef_``, a plain array."""

    loss: str
    penalty: str | None
    alpha: float
    average: bool | int
    max_iter: int
    tol: float | None
    power_t: float
    verbose: int
    random_state: Any
    early_stopping: bool
    validation_fraction: float
    warm_start: bool
    coef_: Any
    t_: float
    n_iter_: int
    _standard_coef: NDArray[Any]
    _standard_intercept: Float64
    _average_coef: NDArray[Any]
    _average_intercept: Float64

    def __setattr__(self, name: str, value: Any) -> None:
        """Set an attribute; a parameter makes the core's copy of the rule stale."""
        object.__setattr__(self, name, value)
        self.__dict__.pop("_held", None)
        if name[-1] != "_" and name[0] != "_":
            self.__dict__.pop("_engine", None)

    def __getstate__(self) -> dict[str, Any]:
        state: dict[str, Any] = super().__getstate__()
        return {name: value for name, value in state.items() if name not in ("_engine", "_held")}

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def to_sklearn(self) -> Any:
        """Return scikit-learn's estimator of the same name with a copy of this model.

        It goes on learning from there, as scikit-learn does, and can be handed to what knows scikit-learn's classes
        only.

        Returns
        -------
        model : estimator of sklearn.linear_model
            Equal parameters; fitted if this one is.

        Raises
        ------
        TypeError
            If this is no class that scikit-learn has.
        """
        from gradstream.linear_model._sgd_exchange import to_scikit_learn

        return to_scikit_learn(self)

    @classmethod
    def from_sklearn(cls, model: Any) -> Any:
        """Return an estimator with the parameters and a copy of a fitted model of scikit-learn.

        What scikit-learn does not keep between calls (the l1 penalty owed, the adaptive rate) starts anew.

        Parameters
        ----------
        model : estimator of sklearn.linear_model
            A fitted estimator of the same name.

        Returns
        -------
        estimator : object
            Fitted; learns on from the model's weights and clock.

        Raises
        ------
        TypeError
            If the model is of another class.
        """
        from gradstream.linear_model._sgd_exchange import from_scikit_learn

        return from_scikit_learn(cls, model)

    @property
    def _strength(self) -> float:
        return self.alpha

    def _core_engine(self) -> Any:
        """Return the core's form of the parameters, made once for each set of them."""
        engine = self.__dict__.get("_engine")
        if engine is None:
            engine = _core.SklearnSgd(rule_of(self, self._strength, one_class=hasattr(self, "nu")))
            self.__dict__["_engine"] = engine
        return engine

    def _rows(self, X: Any, *, reset: bool) -> CheckedRows:
        rows = check_rows(self, X, reset=reset)
        data = rows.data
        if isinstance(data, np.ndarray) and data.shape[1] > 1 and data.strides[1] != data.itemsize:
            rows = CheckedRows(np.ascontiguousarray(data), rows.shape, rows.dtype)
        if rows.shape[0] >= 1 << 31:  # positions in an epoch's order are 32 bits wide
            raise ValueError(f"X has {rows.shape[0]} rows; one call takes fewer than 2**31. Pass them in parts.")
        return rows

    def _weights(self, sample_weight: Any, n_rows: int) -> tuple[Float64 | None, NDArray[np.uint32] | None]:
        """Return weights, and the rows that count where not all do: a row of weight 0 is no row."""
        weights = check_signed_weight(sample_weight, n_rows)
        if weights is None or weights.all():
            return weights, None
        return weights, np.flatnonzero(weights).astype(np.uint32)

    def _held_out(
        self, y: NDArray[Any], listed: NDArray[np.uint32] | None, splitter: Callable[..., Any]
    ) -> NDArray[np.uint8] | None:
        """Return the mask of the rows that early stopping validates on."""
        if not self.early_stopping:
            return None
        counted = y if listed is None else y[listed]
        split = splitter(test_size=self.validation_fraction, random_state=self.random_state)
        _, held_out = next(split.split(np.zeros((len(counted), 1)), counted))
        mask = np.zeros(len(y), np.uint8)
        mask[held_out if listed is None else listed[held_out]] = 1
        return mask

    def _run(
        self, model: SgdModel, rows: CheckedRows, about: dict[str, Any], max_iter: int, n_threads: int = 1
    ) -> None:
        """Learn and install the model. ``about`` is what the core is told of the rows."""
        model.complete(average=bool(self.average), l1=self.penalty in ("l1", "elasticnet"))
        listener = _Printer() if self.verbose > 0 else None
        listed = about.get("listed")
        n_rows = rows.shape[0] if listed is None else len(listed)
        n_iter = 1
        if n_rows:
            run = SgdRun(max_iter, n_threads, listener)
            n_iter = model.learn(type(self).__name__, self._core_engine(), rows, about, run)
        model.t += float(n_iter * n_rows)
        self.t_, self.n_iter_ = model.t, n_iter
        self._install(model)

    def _hold(self, classes: NDArray[Any] | None) -> None:
        """Let the core hold the arrays of the model, for plain chunks to come; any attribute set afterwards ends it."""
        intercept = vars(self).get("intercept_")
        if self.average or self.verbose > 0 or "feature_names_in_" in vars(self) or intercept is None:
            return
        coef = self.coef_ if self.coef_.ndim == 2 else self.coef_[None, :]
        if intercept.dtype != np.float64 or not (coef.flags.c_contiguous and coef.flags.writeable):
            return
        held = _core.SklearnSgdHeld(
            self._core_engine(), coef, intercept, self._progress, vars(self).get("_paid"), classes
        )
        self.__dict__["_held"] = held

    def _may_learn_held(self, X: Any, y: Any, label_dtype: Any) -> bool:
        """Say whether seeds may be drawn: a generator must not be asked twice, here and by the long way."""
        if isinstance(X, np.ndarray) and type(X) is not np.ndarray:  # masked arrays, matrices: the long way knows them
            return False
        if isinstance(self.random_state, Integral):
            return True
        if type(X) is not np.ndarray or type(y) is not np.ndarray:
            return False
        plain = X.flags.c_contiguous and X.flags.aligned and X.ndim == 2 and X.dtype in FLOATS
        return bool(plain and y.flags.c_contiguous and y.flags.aligned and y.shape == X.shape[:1]) and (
            y.dtype == label_dtype
        )

    def _learn_held(self, X: Any, y: Any, seeds: Any, n_threads: int) -> bool:
        """Learn a plain chunk on the arrays that the core holds; False, and nothing has happened, for the long way."""
        attributes = self.__dict__
        rows = attributes["_held"].partial_fit(X, y, seeds, attributes["t_"], n_threads)
        if not rows:
            return False
        attributes["t_"] += float(rows)
        attributes["n_iter_"] = 1
        return True

    def _install(self, model: SgdModel) -> None:
        """Set the attributes of a model."""
        attributes = self.__dict__
        attributes["_progress"] = model.progress
        if model.paid is not None and self.penalty in ("l1", "elasticnet"):
            attributes["_paid"] = model.paid
        else:
            attributes.pop("_paid", None)
        coef, intercept = model.coef, model.intercept
        if self.average:
            assert model.averaged is not None
            assert model.averaged_intercept is not None
            self._standard_coef, self._standard_intercept = coef, intercept
            self._average_coef, self._average_intercept = model.averaged, model.averaged_intercept
            if self.average <= model.t - 1.0:
                coef, intercept = model.averaged, model.averaged_intercept
        self._publish(coef, intercept)

    def _publish(self, coef: NDArray[Any], intercept: Float64) -> None:
        """Set the public attributes from (K, d) weights and (K,) intercepts."""
        raise NotImplementedError

    def _intercepts(self) -> Any:
        """Return the public intercepts as margins have them."""
        raise NotImplementedError

    def _present(self, columns: int, n_features: int) -> SgdModel:
        """Return the model that the attributes are, sharing memory."""
        progress = vars(self).get("_progress")
        if progress is None or len(progress) != columns:
            progress = fresh_progress(columns)
        model = SgdModel(self.coef_, np.empty(0), paid=vars(self).get("_paid"), progress=progress.copy())
        model.t = float(getattr(self, "t_", 1.0))
        if self.average and "_standard_coef" in vars(self):
            model.coef, model.intercept = self._standard_coef, self._standard_intercept
            model.averaged, model.averaged_intercept = _owned(self._average_coef, columns), self._average_intercept
        else:
            if sp.issparse(self.coef_):
                raise AttributeError("coef_ is sparse: call densify() before partial_fit.")
            model.intercept = np.array(np.broadcast_to(np.ravel(self._intercepts()), (columns,)), np.float64)
        model.coef = _owned(model.coef, columns)
        if model.coef.shape[1] != n_features:
            raise ValueError(f"Number of features {n_features} does not match previous data {model.coef.shape[1]}.")
        return model

    def _fresh(
        self, columns: int, n_features: int, dtype: np.dtype[Any], coef_init: Any, intercept_init: Any
    ) -> SgdModel:
        """Return the model that a fit starts from. What the user gave is copied."""
        coef = np.zeros((columns, n_features), dtype)
        if coef_init is not None:
            given = np.asarray(coef_init, dtype=dtype)
            if (given.shape if columns > 1 else (given.size,)) != (coef.shape if columns > 1 else (n_features,)):
                name = "``coef_`` does not match dataset. " if columns > 1 else "coef_init does not match dataset."
                raise ValueError(f"Provided {name}")  # as in scikit-learn, to the letter
            coef[:] = given.reshape(coef.shape)
        intercept = np.zeros(columns)
        if intercept_init is not None:
            given = np.asarray(intercept_init, dtype=dtype)
            if given.shape != (columns,) and not (columns == 1 and given.shape == ()):
                raise ValueError("Provided intercept_init does not match dataset.")
            intercept[:] = given
        model = SgdModel(coef, intercept, progress=fresh_progress(columns))
        if self.average:
            model.averaged, model.averaged_intercept = np.zeros_like(coef), np.zeros(columns)
        return model

    def _warn_after_fit(self) -> None:
        if self.tol is not None and self.n_iter_ == self.max_iter:
            warnings.warn(
                "Maximum number of iteration reached before convergence. Consider increasing max_iter to improve the "
                "fit.",
                ConvergenceWarning,
                stacklevel=3,
            )
        if self.power_t < 0:
            warnings.warn(
                "Negative values for `power_t` are deprecated in version 1.8 and will raise an error in 1.10. "
                "Use values in the range [0.0, inf) instead.",
                FutureWarning,
                stacklevel=3,
            )


def about_rows(
    weights: Float64 | None, listed: NDArray[np.uint32] | None, seeds: Seeds, held_out: Mask
) -> dict[str, Any]:
    """Return what the core is told of rows in every estimator."""
    return {"weight": weights, "listed": listed, "seeds": seeds, "held_out": held_out}


def _owned(coef: NDArray[Any], columns: int) -> NDArray[Any]:
    """Return weights as (K, d) that can be written to, themselves where possible."""
    coef = np.asarray(coef)
    dtype = coef.dtype if coef.dtype in (np.float32, np.float64) else np.float64
    return np.require(coef, dtype, ["C", "A", "W"]).reshape(columns, -1)


class _Printer:
    """Prints epochs as scikit-learn does."""

    def __init__(self) -> None:
        self.start = perf_counter()

    def __call__(self, report: dict[str, Any]) -> None:
        seconds = perf_counter() - self.start
        if report["epoch"] == 1:
            self.start = perf_counter() - seconds
        line = (
            f"Norm: {report['norm']:.2f}, NNZs: {report['nonzero']}, Bias: {report['intercept']:.6f}, "
            f"T: {report['steps']:.0f}, Avg. loss: {report['loss']:f}, Objective: {report['objective']:f}"
        )
        if not np.isnan(report["score"]):
            line += f", Validation score: {report['score']:f}"
        print(f"-- Epoch {report['epoch']}\n{line}\nTotal training time: {seconds:.2f} seconds.")
        if report["stopped"]:
            print(f"Convergence after {report['epoch']} epochs took {seconds:.2f} seconds")
