"""What LinearClassifier and LinearRegressor do with their state beside learning: keep it, hand it on, merge it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradstream._parameters import LOSSES
from gradstream._state import LearnerState
from gradstream._targets import online_class_weights
from gradstream.estimators._fitted_values import read_only
from gradstream.estimators._merge import merged_state
from gradstream.estimators._saved import SavedEstimator
from gradstream.estimators._turn import learning_turn
from gradstream.export import Learning
from gradstream.persistence import plain_copy
from gradstream.regimes.snapshot import snapshot
from gradstream.regimes.state_dict import state_from_dict, state_to_dict
from gradstream.regimes.streaming import Model

if TYPE_CHECKING:
    from gradstream._core import Float64, Spec

PUBLIC = {"_balanced_class_weights": "balanced_class_weights"}  # attributes' names in a state
PRIVATE = {public: private for private, public in PUBLIC.items()}
READING = ("loss", "epsilon", "fit_intercept", "n_jobs")  # parameters that predictions look at, or that cost nothing


class LastingEstimator(SavedEstimator):
    """Mixin of the main estimators."""

    _model: Model
    _state_names = ("model", *PRIVATE)

    def merge(self, other: Any) -> Any:
        """Take in what another model has learnt from other rows, as if one had seen both streams.

        Parameters
        ----------
        other : estimator
            Fitted, of the same class, loss, features, classes and standardisation. It stays as it is.

        Returns
        -------
        self : object
            The estimator.

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
        Coefficients in X's own units and intercepts become means weighted by the weight each has seen; statistics of
        columns are those of all rows (Chan's formula); AdaGrad's sums, and counters, add up; moving averages of
        momentum and Adam are averaged. In the bank every lane is averaged by the weight each model gives it, so that
        their average is the average of the two models. Parameters are those of this estimator. An unfinished block is
        stepped on first, as ``flush`` does; rows that wait in ``progressive_fit(delay=k)`` wait behind one another.

        References
        ----------
        .. [1] T. F. Chan, G. H. Golub and R. J. LeVeque, "Algorithms for computing the sample variance", American
           Statistician 37, 1983.
        """
        self._check_other(other)
        with learning_turn(self), learning_turn(other):
            self._model = Model(merged_state(self, other))
            self.optimizer_ = self._model.state.spec["optimizer"]
        return self

    def to_sklearn(self) -> Any:
        """Return a fitted scikit-learn estimator that predicts the same.

        Returns
        -------
        model : estimator
            LogisticRegression (log_loss), SGDClassifier (other losses); Ridge, Lasso or ElasticNet by penalty
            (squared_error), SGDRegressor (huber), PoissonRegressor, GammaRegressor, TweedieRegressor (their losses),
            with coefficients in X's own units.

        Raises
        ------
        NotFittedError
            Before the first call of ``fit`` or ``partial_fit``.

        Notes
        -----
        ``predict``, ``decision_function`` and ``predict_proba`` agree to rounding. The parameters stand for the same
        objective where ``standardize=False``; with standardised columns scikit-learn has no parameter for it.
        """
        from gradstream.estimators._sklearn_bridge import to_sklearn  # brings all of sklearn.linear_model

        self._fitted()  # type: ignore[attr-defined]
        return to_sklearn(self)

    @classmethod
    def from_sklearn(
        cls, model: Any, X: Any = None, y: Any = None, sample_weight: Any = None, **parameters: Any
    ) -> Any:
        """Return an estimator that goes on from a fitted linear model of scikit-learn.

        Parameters
        ----------
        model : estimator
            Fitted: LogisticRegression, LinearSVC, SGDClassifier; LinearRegression, Ridge, Lasso, ElasticNet (and their
            kin with a ``CV``), BayesianRidge, ARDRegression, SGDRegressor, HuberRegressor, PoissonRegressor.
        X : {array-like, sparse matrix} of shape (n_samples, n_features), default=None
            Rows like those to come: columns are standardised by them, and rates are as warm as after a fit of them.
            None: nothing is known of the columns, ``standardize`` is False, and rates are cold.
        y : array-like of shape (n_samples,), default=None
            Targets of ``X``.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of ``X``.
        **parameters : dict
            Of the constructor. ``loss`` and ``fit_intercept`` are by default those of the model.

        Returns
        -------
        estimator : object
            Predicts what ``model`` predicts and learns on from there. Untuned, a lane of the bank rests at the model
            until the stream has drifted away from it.

        Raises
        ------
        TypeError
            If the model is of another class.
        ValueError
            If the loss given, or the model's way from margins to predictions, is another one than this class has, or
            the model has an intercept and ``fit_intercept=False``.
        NotFittedError
            If the model has not been fitted.
        """
        from gradstream.estimators._sklearn_bridge import from_sklearn

        return from_sklearn(cls, model, (X, y, sample_weight), parameters)

    def _check_other(self, other: Any) -> None:
        """Raise for what cannot be merged with this estimator, whatever it has learnt."""
        if type(other) is not type(self):
            raise TypeError(f"other = {other!r:.200}: a {type(self).__name__} merges with a {type(self).__name__}.")
        if other is self:
            raise ValueError("other is this estimator itself: its rows would count twice. Merge a copy if they should.")

    def _fitted_attributes(self) -> dict[str, Any]:
        attributes = self._pickled_attributes()
        model: Model | None = attributes.pop("_model", None)
        named = {PUBLIC.get(name, name): value for name, value in attributes.items()}
        state = {} if model is None else {"model": state_to_dict(model.state)}
        return state | plain_copy(named, type(self).__name__)

    def _restored(self, state: dict[str, Any]) -> dict[str, Any]:
        if not state:
            return {}
        if "model" not in state:
            raise ValueError(f"state has no 'model', only {sorted(state)}: it is not of a {type(self).__name__}.")
        learnt = state_from_dict(state["model"])
        _check_fit(self, state, learnt)
        attributes = {PRIVATE.get(name, name): value for name, value in state.items() if name != "model"}
        read_only(attributes.get("classes_"))
        return attributes | {"_model": Model(learnt)}

    def _check_parameters_of(self, restored: dict[str, Any]) -> None:
        if "_model" in restored:
            _check_units(self, restored["_model"].state.spec)

    def _reader(self) -> Any:
        model = self._fitted()  # type: ignore[attr-defined]
        known = self.get_params(deep=False)  # type: ignore[attr-defined]
        reader = type(self)(**{name: known[name] for name in READING if name in known})
        names = ("n_features_in_", "feature_names_in_", "classes_", "optimizer_")
        copied = {
            name: np.copy(value) if isinstance(value, np.ndarray) else value for name, value in vars(self).items()
        }
        vars(reader).update({name: copied[name] for name in names if name in copied})
        vars(reader)["_model"] = Model(snapshot(model.state))
        return reader

    def _coefficients(self) -> tuple[Float64, Float64]:
        self._fitted()  # type: ignore[attr-defined]
        coef, intercept = self._linear()  # type: ignore[attr-defined]
        return np.ascontiguousarray(coef.T), intercept

    def _link(self) -> str:
        link = super()._link()
        return "softmax" if link == "normalized_sigmoid" else link

    def _learning(self) -> Learning | None:
        state = self._model.state
        spec = self._present_spec(self._model)  # type: ignore[attr-defined]
        if spec != state.spec and not state.experts.size:
            state = state.adapted(spec, state.layout)
        classes = getattr(self, "classes_", None)
        return Learning.of(state, None if classes is None else online_class_weights(self, classes))


def _check_units(estimator: Any, spec: Spec) -> None:
    """Raise ValueError where the numbers of a state mean something else under an estimator's parameters."""
    parameters = estimator.get_params(deep=False)
    wanted: dict[str, Any] = {name: parameters[name] for name in ("loss", "fit_intercept") if name in parameters}
    if "loss" in parameters:
        wanted["loss_parameter"] = float(parameters.get(LOSSES[spec["loss"]]["parameter"], 0.0))
    for name, value in wanted.items():
        if spec[name] != value:  # type: ignore[literal-required]
            raise ValueError(
                f"state has learnt with {name} = {spec[name]!r}, this {type(estimator).__name__} has {value!r}: "  # type: ignore[literal-required]
                "set_state is for an estimator of the same parameters. Set it to what the state has learnt with."
            )


def _check_fit(estimator: Any, state: dict[str, Any], learnt: LearnerState) -> None:
    """Raise ValueError where a state is not one of this kind of estimator, or does not fit itself."""
    owner, spec, d = type(estimator).__name__, learnt.spec, state.get("n_features_in_")
    task = "classification" if "class_weight" in estimator.get_params(deep=False) else "regression"
    if LOSSES[spec["loss"]]["task"] != task:
        raise ValueError(f"state has learnt with loss={spec['loss']!r}, which is not one of a {owner}.")
    if type(d) is not int or d != learnt.n_features or not isinstance(state.get("optimizer_"), str):
        raise ValueError(
            f"state['n_features_in_'] = {d!r} and state['optimizer_'] = {state.get('optimizer_')!r}: an integer and a "
            f"name are needed, and the model has {learnt.n_features} features."
        )
    lengths = {"feature_names_in_": d}
    if task == "classification":
        classes = state.get("classes_")
        n_classes = len(classes) if isinstance(classes, np.ndarray) and classes.ndim == 1 else 0
        if n_classes < 2 or spec["columns"] != (1 if n_classes == 2 else n_classes):
            raise ValueError(f"state['classes_'] = {classes!r} does not go with {spec['columns']} columns of margins.")
        lengths["balanced_class_weights"] = n_classes
    elif spec["columns"] != 1:
        raise ValueError(f"state has {spec['columns']} columns of margins: a {owner} has one.")
    for name, length in lengths.items():
        value = state.get(name)
        if value is not None and np.shape(value) != (length,):
            raise ValueError(f"state[{name!r}] has shape {np.shape(value)}, it has to be {(length,)}.")
