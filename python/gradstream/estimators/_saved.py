"""What every estimator can do with what it has learnt: be saved, handed on as plain arrays, frozen, exported."""

from __future__ import annotations

import copy
import os
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sp
from sklearn.base import is_classifier
from sklearn.utils.validation import check_is_fitted

from gradstream._parameters import LOG_LINK
from gradstream.estimators._fitted_values import check_fitted_values
from gradstream.estimators._turn import learning_turn
from gradstream.optim import OPTIMIZERS, SCHEDULES
from gradstream.persistence import plain_copy, register, save
from gradstream.persistence.replace import replace

if TYPE_CHECKING:
    from gradstream._core import Float64
    from gradstream.estimators.frozen import FrozenClassifier, FrozenRegressor
    from gradstream.export import Learning, ServedModel

FORMATS = ("c", "json")

for _cls in (*OPTIMIZERS.values(), *SCHEDULES.values()):
    register(f"gradstream.optim.{_cls.__name__}", _cls)


class SavedEstimator:
    """Mixin of a scikit-learn estimator whose fitted attributes are plain values and arrays.

    :func:`gradstream.persistence.register` makes such a class one that files may hold. A class that keeps something
    else under an attribute overrides ``_fitted_attributes`` and ``_restored``.
    """

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the estimator to one file, at once or not at all; :func:`gradstream.load` brings it back.

        Parameters
        ----------
        path : str or path-like
            The file; one that is there is replaced. A kill at any moment leaves the old file or the new one.

        Raises
        ------
        TypeError
            If a parameter or an attribute is something that files do not hold, such as a callback or an object of a
            class that is not gradstream's; the message names it, and no file is written.
        OSError
            If the file cannot be written; the old one is still there.
        RuntimeError
            If another thread is teaching this estimator.

        Notes
        -----
        The file holds everything: parameters, coefficients, optimizer, counters, an unfinished block, rows that wait.
        The loaded model goes on with the next row to the same bits. It is no pickle, and loading it executes nothing.
        """
        save(self, path)

    def get_state(self) -> dict[str, Any]:
        """Return all that has been learnt as a dictionary of plain values and arrays; the keys are in the guide.

        Returns
        -------
        state : dict
            Copies; {} before the first call of ``fit`` or ``partial_fit``. Parameters of the constructor are not in it.

        Raises
        ------
        TypeError
            If a fitted attribute is something that files do not hold.
        RuntimeError
            If another thread is teaching this estimator.
        """
        with learning_turn(self):
            return self._fitted_attributes()

    def set_state(self, state: dict[str, Any]) -> Any:
        """Become what the estimator was that ``get_state`` was called of, given the same parameters.

        Parameters
        ----------
        state : dict
            What ``get_state`` returned. Copied.

        Returns
        -------
        self : object
            The estimator.

        Raises
        ------
        ValueError
            If the state is not one of such an estimator; nothing has changed then.
        TypeError
            If it holds something that no state holds; nothing has changed then.
        RuntimeError
            If another thread is teaching this estimator.
        """
        copied = plain_copy(state, "state")
        with learning_turn(self):
            restored = self._checked_state(copied)
            self._check_parameters_of(restored)
            self._become(restored)
        return self

    def frozen(self) -> FrozenClassifier | FrozenRegressor:
        """Return the model as of now as an object that only predicts and never changes.

        Returns
        -------
        frozen : FrozenClassifier or FrozenRegressor
            Shares no memory with this estimator: any number of threads may predict with it, without a lock, while
            this one learns.

        Raises
        ------
        NotFittedError
            Before the first call of ``fit`` or ``partial_fit``.
        RuntimeError
            If another thread is teaching this estimator: the thread that learns calls it, between two calls.
        """
        from gradstream.estimators.frozen import FrozenClassifier, FrozenRegressor

        with learning_turn(self):
            reader = self._reader()
        return (FrozenClassifier if is_classifier(self) else FrozenRegressor)(reader)

    def export(self, path: str | os.PathLike[str], format: str = "c") -> None:
        """Write the model as one file for machines without Python.

        Parameters
        ----------
        path : str or path-like
            The file; one that is there is replaced at once.
        format : {"c", "json"}, default="c"
            "c": C99 without dependencies, with ``gradstream_predict`` and, where one rate of sgd or adagrad learns
            row by row, ``gradstream_learn_one``. "json": coefficients in X's units, intercepts, classes and link.

        Raises
        ------
        ValueError
            If the format is none of these, or a coefficient in X's units is more than a float64 can hold.
        NotFittedError
            Before the first call of ``fit`` or ``partial_fit``.
        OSError
            If the file cannot be written.
        RuntimeError
            If another thread is teaching this estimator.
        """
        if format not in FORMATS:
            raise ValueError(f"format={format!r}: allowed are {', '.join(map(repr, FORMATS))}.")
        from gradstream.export import c_source, json_text

        with learning_turn(self):
            model = self._served()
            text = json_text(model) if format == "json" else c_source(model, self._learning())

        replace(path, lambda stream: stream.write(text.encode()))

    def _take_state(self, state: Any) -> None:
        """Become what a state says, or raise and stay; its arrays belong to this estimator from now on."""
        self._become(self._checked_state(state))

    def _checked_state(self, state: Any) -> dict[str, Any]:
        """Return attributes as they are set, or raise ValueError for what is no state of such an estimator."""
        taken = [name for name in state if self._is_taken(name, state)] if isinstance(state, dict) else [state]
        if taken:
            raise ValueError(f"state is a dictionary of fitted attributes as get_state returns it, got {taken}.")
        check_fitted_values(state)
        return self._restored(state)

    def _become(self, restored: dict[str, Any]) -> None:
        parameters = self.get_params(deep=False)  # type: ignore[attr-defined]
        vars(self).update(restored)
        for name in vars(self).keys() - restored.keys() - parameters.keys():
            del vars(self)[name]

    def _check_parameters_of(self, restored: dict[str, Any]) -> None:
        """Raise ValueError for a state that this estimator's parameters could not have led to."""

    def _is_taken(self, name: Any, state: dict[str, Any]) -> bool:
        """Say whether a name of a state is none of a fitted attribute, or hides something that the class has."""
        if not isinstance(name, str) or name.startswith("__") or hasattr(type(self), name):
            return True
        if name in self.get_params(deep=False):  # type: ignore[attr-defined]
            return True
        if name.startswith("_") or name.endswith("_") or name in self._state_names:
            return False
        own = vars(self).get(name)  # what the constructor sets beside parameters, such as a Perceptron's loss
        return type(own) is not type(state[name]) or own != state[name]

    _state_names: tuple[str, ...] = ()  # of a state, beside those that begin or end with "_"

    def _fitted_attributes(self) -> dict[str, Any]:
        """Return copies of what has been learnt, by attribute: what pickles have beside the parameters."""
        return plain_copy(self._pickled_attributes(), type(self).__name__)

    def _pickled_attributes(self) -> dict[str, Any]:
        parameters = self.get_params(deep=False)  # type: ignore[attr-defined]
        return {name: value for name, value in self.__getstate__().items() if name not in parameters}  # type: ignore

    def _restored(self, state: dict[str, Any]) -> dict[str, Any]:
        """Return attributes as they are set, of a state that may be altered, or raise ValueError."""
        return state

    def _reader(self) -> Any:
        """Return an estimator that predicts as this one does and will never learn."""
        return copy.deepcopy(self)

    def _served(self) -> ServedModel:
        """Return the linear model in X's own units."""
        from gradstream.export import ServedModel

        coef, intercept = self._coefficients()
        if not (np.isfinite(coef).all() and np.isfinite(intercept).all()):
            raise ValueError(
                f"{type(self).__name__} has coefficients in X's own units that are not finite, at columns "
                f"{np.unique(np.nonzero(~np.isfinite(coef))[1])[:5]}: no file can say them. Rescale these columns."
            )
        names = getattr(self, "feature_names_in_", None)
        return ServedModel(
            name=type(self).__name__,
            loss=str(getattr(self, "loss", "")),
            link=self._link(),
            coef=coef,
            intercept=intercept,
            classes=getattr(self, "classes_", None),
            feature_names=None if names is None else [str(name) for name in names],
        )

    def _coefficients(self) -> tuple[Float64, Float64]:
        """Return (K, d) coefficients in X's own units and (K,) intercepts."""
        check_is_fitted(self)
        coef, intercept = self.coef_, self.intercept_  # type: ignore[attr-defined]
        dense = coef.toarray() if sp.issparse(coef) else coef
        return np.atleast_2d(np.asarray(dense, np.float64)), np.atleast_1d(np.asarray(intercept, np.float64))

    def _link(self) -> str:
        """Return how margins are read, one of :data:`gradstream.export.served.LINKS`: as scikit-learn's SGD does."""
        loss = getattr(self, "loss", None)
        if not is_classifier(self):
            return "exp" if loss in LOG_LINK else "identity"
        if loss == "log_loss":
            return "sigmoid" if len(self.classes_) == 2 else "normalized_sigmoid"  # type: ignore[attr-defined]
        return "clip" if loss == "modified_huber" else "none"

    def _learning(self) -> Learning | None:
        """Return the rule that C code can learn by, if there is one."""
        return None
