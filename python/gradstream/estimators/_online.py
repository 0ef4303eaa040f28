"""Learning row by row and block by block: the model goes on from wherever it is."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_random_state

from gradstream._parameters import online_spec
from gradstream._state import LearnerState
from gradstream._targets import Targets
from gradstream._threads import thread_count
from gradstream._validation import UNREAL, CheckedRows, check_row, check_rows, check_sample_weight, first_row
from gradstream.estimators._base import LinearEstimator
from gradstream.estimators._turn import learning_turn, unchanged_on_error
from gradstream.regimes.streaming import LabelledRows, Model

MAX_SEED = 2**31 - 1


class OnlineEstimator(LinearEstimator):
    """Base of the main estimators: the streaming regime."""

    random_state: Any
    optimizer_: str

    def learn_one(self, x: Any, y: Any, sample_weight: float = 1.0) -> None:
        """Learn one row.

        Parameters
        ----------
        x : ndarray of shape (n_features,), or tuple (indices, values)
            The row; the pair holds the columns that are not 0, in increasing order.
        y : label or float
            Its target.
        sample_weight : float, default=1.0
            How many times the row counts, dimensionless; 0 is no row at all.

        Raises
        ------
        ValueError
            If the row, the target or the weight is not what the model expects; nothing has changed then.
        DivergenceError
            If a coefficient would become infinite or NaN; nothing has changed then.
        RuntimeError
            If another thread is teaching this estimator.
        """
        try:
            one = self._model.one
        except AttributeError:  # before the first row
            self._learn_one(x, y, sample_weight)
            return
        if not one.learn(x, y, sample_weight):  # not a row like almost every row
            self._learn_one(x, y, sample_weight)

    def _learn_one(self, x: Any, y: Any, sample_weight: Any) -> None:
        """Learn one row the long way: check everything, and say what is wrong."""
        if "_model" not in vars(self):
            self._learn(first_row(x), [y], [_checked_weight(sample_weight)], None)
            return
        sample_weight = _checked_weight(sample_weight)
        with learning_turn(self):
            if not self._model.current:
                self._checked_parameters()
            value, weight = self._online_value(y)
            self._learn_row(x, np.array([value]), weight * sample_weight)

    def _learn_row(self, x: Any, y: NDArray[np.float64], weight: float) -> None:
        model = self._model
        weights = None if weight == 1.0 else np.array([weight], np.float64)
        if model.current and model.takes(x) and model.learn_row(x, y, weights):  # what the core checks is enough
            return
        X = check_row(self, x, model.state.table.dtype)
        model = self._online_model(X, model.state.spec["columns"])
        model.learn(self._owner, LabelledRows(X, y, weights), None, 1)
        model.open(learning_turn(self))
        self._model = model

    def flush(self) -> Any:
        """Step on the unfinished block, and learn the rows that ``progressive_fit(delay=k)`` still holds back.

        Returns
        -------
        self : object
            The estimator.

        Raises
        ------
        DivergenceError
            If a coefficient would become infinite or NaN; nothing has changed then.
        NotFittedError
            Before the first call of ``fit`` or ``partial_fit``.
        """
        with learning_turn(self):
            self._fitted().flush(self._owner)
        return self

    def _learn(self, X: Any, y: Any, sample_weight: Any, classes: Any) -> None:
        """Learn one chunk, or raise and leave the estimator as it was."""
        if self._learns_as_row(X, y, sample_weight, classes):
            return
        with learning_turn(self):
            if "_model" in vars(self):
                self._learn_chunk(X, y, sample_weight, classes)
                return
            with unchanged_on_error(self):
                self._learn_chunk(X, y, sample_weight, classes)

    def _learns_as_row(self, X: Any, y: Any, sample_weight: Any, classes: Any) -> bool:
        """Learn a chunk of one row as ``learn_one`` does almost every row; False, and nothing learnt, for others."""
        if type(X) is not np.ndarray or type(y) is not np.ndarray or y.shape != (1,) or X.shape[:-1] != (1,):
            return False
        known = vars(self)
        if sample_weight is not None or classes is not None or "feature_names_in_" in known or "_model" not in known:
            return False
        return self._model.one.learn(X[0], y[0], 1.0)

    def _learn_chunk(self, X: Any, y: Any, sample_weight: Any, classes: Any) -> None:
        model, rows, targets = self._chunk(X, y, sample_weight, classes)
        model.learn(self._owner, rows, None, self._threads(model))
        if model.turn is None or vars(self).get("_model") is not model:
            self._keep(model, targets)
            self._know_labels(model)

    def _progress(self, X: Any, y: Any, sample_weight: Any, classes: Any, delay: int) -> NDArray[np.float64]:
        """Return the margins of one chunk, row by row from before the row, and learn it."""
        if isinstance(delay, bool) or not isinstance(delay, int | np.integer) or delay < 0:
            raise ValueError(f"delay = {delay!r}: rows to wait before learning are an integer >= 0.")
        with learning_turn(self), unchanged_on_error(self):
            model, rows, targets = self._chunk(X, y, sample_weight, classes)
            margins = model.progress(self._owner, rows, int(delay), self._threads(model))
            self._keep(model, targets)
        return margins

    def _threads(self, model: Model) -> int:
        """Return the threads to learn with: rows that come one after the other have no use for a second."""
        return 1 if model.state.spec["batch_size"] == 1 else thread_count(self.n_jobs)

    def _chunk(self, X: Any, y: Any, sample_weight: Any, classes: Any) -> tuple[Model, LabelledRows, Targets]:
        """Check a chunk and return the model that will learn it: the present one, or one that takes its place."""
        model = vars(self).get("_model")
        if model is None or not model.current:
            self._checked_parameters()
        rows = check_rows(self, X, reset=model is None)
        weights = check_sample_weight(sample_weight, rows.shape[0])
        targets = self._online_targets(y, weights, rows.shape[0], classes)
        return self._online_model(rows, targets.columns), LabelledRows(rows, targets.y, targets.weights), targets

    def _keep(self, model: Model, targets: Targets) -> None:
        """Make the learnt model the estimator's."""
        model.open(learning_turn(self))
        self._model = model
        self.optimizer_ = model.state.spec["optimizer"]

    def _online_model(self, X: CheckedRows, columns: int) -> Model:
        """Return a model of the online specification in the layout of X: the present one if it fits, else a new one."""
        model: Model | None = vars(self).get("_model")
        if model is not None and model.current and model.state.layout == X.layout:
            return model
        if model is None:
            spec = online_spec(self._checked_parameters(), columns=columns, sparse=X.layout == "sparse")
            model = Model(LearnerState.create(spec, X.shape[1], X.layout, X.dtype, self._draw_seed()))
        else:
            model = self._adapted(model, X.layout)
        model.current = True
        return model

    def _adapted(self, model: Model, layout: str) -> Model:
        """Return the model under changed parameters, or for rows of another layout."""
        state, spec = model.state, self._present_spec(model)
        if spec["standardize"] == "center_scale":
            layout = "dense"  # centred rows have no zeros: sparse chunks are expanded block by block
        elif spec["standardize"] == "root_mean_square":
            layout = "sparse"  # of values that are there
        if spec == state.spec and layout == state.layout:
            return model
        return Model(state.adapted(spec, layout))

    def _draw_seed(self) -> int:
        if type(self.random_state) is int:
            return _first_draw(self.random_state)
        return int(check_random_state(self.random_state).randint(MAX_SEED))

    def _know_labels(self, model: Model) -> None:
        """Note what labels of single rows are to the loss."""

    def _online_value(self, y: Any) -> tuple[float, float]:
        """Return one target as the loss wants it, and the weight of its class."""
        raise NotImplementedError


@cache
def _first_draw(random_state: int) -> int:
    """Return what a generator of that seed draws first; to make one takes longer than a small fit."""
    return int(check_random_state(random_state).randint(MAX_SEED))


def _checked_weight(sample_weight: Any) -> float:
    try:
        weight = np.nan if isinstance(sample_weight, UNREAL) else float(sample_weight)
    except (TypeError, ValueError, OverflowError):  # not a number, more than one, or more than float64 holds
        weight = np.nan
    if not 0 <= weight < np.inf:
        raise ValueError(f"sample_weight = {sample_weight!r}: a weight is a number >= 0.")
    return weight
