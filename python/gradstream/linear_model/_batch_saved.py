"""What the batch drop-ins do with their model beside learning: keep it, hand it on, merge it."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sp
from sklearn.utils.validation import check_is_fitted

from gradstream.estimators._lasting import PRIVATE, LastingEstimator
from gradstream.estimators._merge import check_alike, merged_state
from gradstream.estimators._turn import learning_turn
from gradstream.export import Learning
from gradstream.linear_model._batch_exchange import from_scikit_learn, to_scikit_learn
from gradstream.regimes.snapshot import snapshot
from gradstream.regimes.state_dict import state_from_dict
from gradstream.regimes.streaming import Model

if TYPE_CHECKING:
    from gradstream._core import Float64
    from gradstream._state import LearnerState

ARRAYS = ("coef_", "intercept_")
FLOATS = (np.float32, np.float64)
READ = ("n_features_in_", "feature_names_in_", "classes_", "optimizer_", "solver_", "_penalty_weight", "_several")


class SavedDropIn(LastingEstimator):
    """Mixin of the batch drop-ins, whose arrays are what predicts, with a model beside them that learns on."""

    loss: str
    _penalty_weight: float
    _keeps_sums = False  # of rows, which tell the optimum of all that were seen

    def merge(self, other: Any) -> Any:
        """Take in what another model has learnt from other rows: the mean, weighted by what each has seen.

        Parameters
        ----------
        other : estimator
            Fitted, of the same class, on the same features, classes and targets. It stays as it is.

        Returns
        -------
        self : object
            The estimator; ``objective_``, ``optimality_`` and ``n_iter_`` stay those of its own last ``fit``.

        Raises
        ------
        TypeError
            If ``other`` is of another class.
        ValueError
            If the two models do not go together; the message names the difference, and nothing has changed then.
        NotFittedError
            If one of the two has learnt nothing.
        RuntimeError
            If another thread is teaching one of them.

        Notes
        -----
        The mean of two optima is not the optimum of all rows. It is near it where both parts are large and alike, and
        where ``partial_fit`` goes on from. Models that keep the sums of their rows, as ``Ridge`` of up to 512 columns,
        add them up: that is the model of all rows, whatever was written to ``coef_``.
        """
        self._check_other(other)
        with learning_turn(self), learning_turn(other):
            one, two = _as_written(self), _as_written(other)
            self._take_in(one, two)
            self._penalty_weight = sum(_weights(one, two))
        return self

    def _take_in(self, one: Any, two: Any) -> None:
        """Become what both are, or raise and stay; ``one`` is this estimator, its model moved to its arrays."""
        attributes = vars(self)
        if "_model" in vars(one) and "_model" in vars(two):
            model = Model(merged_state(one, two))
            for name in (*ARRAYS, "_lent"):
                attributes.pop(name, None)
            self._model = model
            self.optimizer_ = model.state.spec["optimizer"]
            return
        self.coef_, self.intercept_ = _means(one, two)
        attributes.pop("_model", None)

    def to_sklearn(self) -> Any:
        """Return scikit-learn's estimator of the same name with these parameters and a copy of the model.

        Returns
        -------
        model : estimator
            Predicts the same.

        Raises
        ------
        NotFittedError
            Before the first call of ``fit`` or ``partial_fit``.
        """
        check_is_fitted(self)
        other = to_scikit_learn(self)
        self._complete(other)
        return other

    @classmethod
    def from_sklearn(  # type: ignore[override]
        cls, model: Any, X: Any = None, y: Any = None, sample_weight: Any = None
    ) -> Any:
        """Return an estimator with the parameters and a copy of a fitted model of scikit-learn.

        Parameters
        ----------
        model : estimator of sklearn.linear_model
            Fitted: of the same name, of that with ``CV`` behind it, or another of the same predictions (the guide has
            the table).
        X : {array-like, sparse matrix} of shape (n_samples, n_features), default=None
            Rows like those to come, such as those of the fit: ``partial_fit`` goes on as after a fit of them. None:
            rates are cold, the penalty counts rows from here on, and a model of several targets does not go on.
        y : array-like of shape (n_samples,), default=None
            Targets of ``X``.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of ``X``.

        Returns
        -------
        estimator : object
            Predicts what ``model`` predicts and learns on from there.

        Raises
        ------
        TypeError
            If the model is of a class that this one does not stand for.
        ValueError
            If its predictions are made in another way, or the rows are not those of such a model.
        NotFittedError
            If the model has not been fitted.
        """
        return from_scikit_learn(cls, model, (X, y, sample_weight))

    def _complete(self, other: Any) -> None:
        """Add what scikit-learn's estimator keeps beside its public attributes."""

    def _is_taken(self, name: Any, *state: dict[str, Any]) -> bool:
        return name not in ARRAYS and super()._is_taken(name, *state)

    def _restored(self, state: dict[str, Any]) -> dict[str, Any]:
        if not state:
            return {}
        if not {"model", "coef_", "_sums"} & state.keys():
            raise ValueError(f"state has no 'model', only {sorted(state)}: it is not of a {type(self).__name__}.")
        _check_arrays(state)
        if "model" not in state:
            return state
        learnt = state_from_dict(state["model"])
        _check_model(self, state, learnt)
        attributes = {PRIVATE.get(name, name): value for name, value in state.items() if name != "model"}
        return attributes | {"_model": Model(learnt)}

    def _reader(self) -> Any:
        check_is_fitted(self)
        reader = type(self)(**copy.deepcopy(self.get_params(deep=False)))  # type: ignore[attr-defined]
        attributes, known = vars(reader), vars(self)
        coef, intercept = self._arrays()
        attributes.update({name: copy.copy(known[name]) for name in READ if name in known})
        attributes.update(coef_=coef.copy(), intercept_=np.copy(intercept)[()])
        if "_model" in known and not self._written():
            attributes["_model"] = Model(snapshot(self._model.state))
        else:
            attributes["_lent"] = True
        return reader

    def _coefficients(self) -> tuple[Float64, Float64]:
        coef, intercept = super(LastingEstimator, self)._coefficients()
        return coef, np.broadcast_to(intercept, (len(coef),)).copy()

    def _learning(self) -> Learning | None:
        return None  # they learn untuned, and C does not

    def _arrays(self) -> tuple[Any, Any]:
        """Return the coefficients and intercepts that predict, in scikit-learn's shapes."""
        raise NotImplementedError

    def _written(self) -> bool:
        """Say whether somebody has written to the arrays since they were made of the model."""
        raise NotImplementedError


def _as_written(estimator: Any) -> Any:
    """Return a stand-in whose model is what its arrays say; it shares everything else."""
    check_is_fitted(estimator)
    other = copy.copy(estimator)
    if "_model" in vars(other):
        other._take_up()
    return other


def _weights(*models: Any) -> list[float]:
    """Return what models have seen; one that was put together by hand is as good as a row."""
    return [float(getattr(model, "_penalty_weight", 1.0)) for model in models]


def _means(one: Any, two: Any) -> tuple[Any, Any]:
    """Return means of arrays of several targets."""
    check_alike(one, two)
    weights = np.array(_weights(one, two))
    pairs = list(zip(one._arrays(), two._arrays(), strict=True))
    if any(np.shape(pair[0]) != np.shape(pair[1]) for pair in pairs):
        shapes = [np.shape(coef) for coef in pairs[0]]
        raise ValueError(f"merge needs models of the same targets: coef_ has shapes {shapes[0]} and {shapes[1]}.")
    first, second = weights / weights.sum()
    coef, intercept = (first * pair[0] + second * pair[1] for pair in pairs)
    return (coef if sp.issparse(coef) else coef.astype(pairs[0][0].dtype, copy=False)), intercept


def _check_model(estimator: Any, state: dict[str, Any], learnt: LearnerState) -> None:
    """Raise ValueError where what learns on is not of this kind of estimator, or does not fit the rest of the state."""
    owner, spec, d, classes = type(estimator).__name__, learnt.spec, state.get("n_features_in_"), state.get("classes_")
    if spec["loss"] != estimator.loss:
        raise ValueError(f"state has learnt with loss={spec['loss']!r}: a {owner} learns with {estimator.loss!r}.")
    if type(d) is not int or d != learnt.n_features or not isinstance(state.get("optimizer_"), str):
        raise ValueError(
            f"state['n_features_in_'] = {d!r} and state['optimizer_'] = {state.get('optimizer_')!r}: an integer and a "
            f"name are needed, and the model has {learnt.n_features} features."
        )
    lengths = {"feature_names_in_": d}
    if "class_weight" in estimator.get_params(deep=False):
        count = len(classes) if isinstance(classes, np.ndarray) and classes.ndim == 1 else 0
        if count < 2 or spec["columns"] != (1 if count == 2 else count):
            raise ValueError(f"state['classes_'] = {classes!r} does not go with {spec['columns']} columns of margins.")
        lengths["balanced_class_weights"] = count
    for name, length in lengths.items():
        value = state.get(name)
        if value is not None and np.shape(value) != (length,):
            raise ValueError(f"state[{name!r}] has shape {np.shape(value)}, it has to be {(length,)}.")


def columns_of(classes: Any, state: dict[str, Any]) -> int:
    """Return the columns of coefficients that classes have, or labels of which a row has any number."""
    return 1 if len(classes) == 2 and "_several" not in state else len(classes)


def _check_arrays(state: dict[str, Any]) -> None:
    """Raise ValueError where arrays that are read back do not fit the columns, the classes or one another."""
    if not set(ARRAYS) & state.keys():
        return
    coef: Any
    intercept: Any
    coef, intercept, d = (state.get(name) for name in (*ARRAYS, "n_features_in_"))
    if not (isinstance(coef, np.ndarray) or sp.issparse(coef)) or coef.dtype not in FLOATS or coef.ndim not in (1, 2):
        raise ValueError(f"state['coef_'] = {coef!r:.200}: expected an array of float32 or float64.")
    if type(d) is not int or coef.shape[-1] != d:
        raise ValueError(f"state['coef_'] has shape {coef.shape}: expected rows of n_features_in_ = {d!r} columns.")
    columns = coef.shape[0] if coef.ndim == 2 else 1
    shape = np.shape(intercept)
    if not isinstance(intercept, float | np.floating | np.ndarray) or shape not in ((), (columns,)):
        raise ValueError(f"state['intercept_'] = {intercept!r:.200}: expected a float or {columns} of them.")
    for name, values in (("coef_", coef.data if sp.issparse(coef) else coef), ("intercept_", intercept)):
        if not np.isfinite(values).all():
            raise ValueError(f"state[{name!r}] holds numbers that are not finite: a model that has learnt has none.")
    classes = state.get("classes_")
    if classes is not None and (np.ndim(classes) != 1 or columns != columns_of(classes, state)):
        raise ValueError(f"state['classes_'] = {classes!r:.200} does not go with coef_ of shape {coef.shape}.")
    weight = state.get("_penalty_weight", 1.0)
    if not isinstance(weight, float) or not 0.0 < weight < np.inf:
        raise ValueError(f"state['_penalty_weight'] = {weight!r}: expected a float above 0, the weight seen.")
