"""From constructor parameters to what the core understands: names, constraints, and the rules of "auto"."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

from sklearn.utils._param_validation import Hidden, Interval, StrOptions

from gradstream import _core
from gradstream._unavailable import (
    LOSSES_TO_COME,
    MISSING_TO_COME,
    NEW_CLASSES_TO_COME,
    OPTIMIZERS_TO_COME,
    SCHEDULES_TO_COME,
    reject_full_batch,
    reject_unavailable,
)
from gradstream.optim import OPTIMIZERS, SCHEDULES, Constant, Optimizer, Schedule

if TYPE_CHECKING:
    from gradstream._core import Spec

LOSSES = {loss["name"]: loss for loss in _core.losses()}
SLOTS = {optimizer["name"]: optimizer["slots"] for optimizer in _core.optimizers()}
LEARNING_RATES = {optimizer["name"]: optimizer["learning_rate"] for optimizer in _core.optimizers()}
PENALTIES = {penalty["name"]: penalty["l1_ratio"] for penalty in _core.penalties()}
BANK = "bank"  # the untuned learner: what "auto" means row by row
BANK_SHARE = 1e-4  # of its weight that every lane gives away with every row
FULL_BATCH_SOLVERS = ("lbfgs", "newton", "gd", "cd")
SMOOTH_SOLVERS = ("lbfgs", "newton")  # "auto" leaves it to the core, which knows the shape, which of them it is
AUTO_BATCH_SIZE = 256
MAX_BATCH_SIZE = 2**53  # float64 counts that far
CLASSIFIER_LOSSES = [name for name, loss in LOSSES.items() if loss["task"] == "classification"]
LOG_LINK = {name for name, loss in LOSSES.items() if loss["log_link"]}  # predictions are exp(z)
POSITIVE = {name for name, loss in LOSSES.items() if loss["positive"]}  # margins above 0 only, in full batch only
REGRESSOR_LOSSES = [name for name, loss in LOSSES.items() if loss["task"] == "regression" and name not in POSITIVE]


def least_target(loss: str, parameter: float) -> float:
    """Return the smallest target that a loss of regression allows."""
    domain = LOSSES[loss]["domain"]
    if domain == "power":
        domain = "real" if parameter <= 0.0 else "nonnegative" if parameter < 2.0 else "positive"
    return {"real": -math.inf, "nonnegative": 0.0, "positive": math.ulp(0.0)}[domain]


def parameter_of(loss: str, values: Mapping[str, Any]) -> float:
    """Return the value of the parameter that a loss reads; 0 where it reads none."""
    return float(values.get(LOSSES[loss]["parameter"], 0.0))


def _to_come(names: tuple[str, ...]) -> Any:
    """Names that are let through here, so that they meet the error that says so."""
    return Hidden(StrOptions(set(names)))


COMMON_CONSTRAINTS: dict[str, list[Any]] = {
    "penalty": [StrOptions(set(PENALTIES)), None],
    "alpha": [Interval(Real, 0, None, closed="left")],
    "l1_ratio": [Interval(Real, 0, 1, closed="both")],
    "fit_intercept": ["boolean"],
    "standardize": [StrOptions({"auto"}), "boolean"],
    "batch_size": [StrOptions({"auto", "full"}), Interval(Integral, 1, MAX_BATCH_SIZE, closed="both")],
    "optimizer": [
        StrOptions({"auto", *FULL_BATCH_SOLVERS, *OPTIMIZERS}),
        _to_come(OPTIMIZERS_TO_COME),
        Optimizer,
    ],
    "learning_rate": [
        StrOptions({"auto", *SCHEDULES}),
        _to_come(SCHEDULES_TO_COME),
        Interval(Real, 0, None, closed="neither"),
        Schedule,
    ],
    "max_iter": [Interval(Integral, 1, None, closed="left")],
    "tol": [Interval(Real, 0, None, closed="left"), None],
    "shuffle": ["boolean"],
    "average": ["boolean", Hidden(Interval(Integral, 1, None, closed="left"))],
    "bounds": [None, Hidden(StrOptions({"positive"})), Hidden(tuple)],
    "missing": [StrOptions({"error"}), _to_come(MISSING_TO_COME)],
    "early_stopping": ["boolean"],
    "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
    "n_iter_no_change": [Interval(Integral, 1, None, closed="left")],
    "warm_start": ["boolean"],
    "n_jobs": [Integral, None],
    "random_state": ["random_state"],
    "verbose": ["verbose"],
}
CLASSIFIER_CONSTRAINTS = COMMON_CONSTRAINTS | {
    "loss": [StrOptions(set(CLASSIFIER_LOSSES)), _to_come(LOSSES_TO_COME["classification"])],
    "class_weight": [StrOptions({"balanced"}), dict, None],
    "new_classes": [StrOptions({"error"}), _to_come(NEW_CLASSES_TO_COME)],
}
REGRESSOR_CONSTRAINTS = COMMON_CONSTRAINTS | {
    "loss": [StrOptions(set(REGRESSOR_LOSSES)), _to_come(LOSSES_TO_COME["regression"])],
    "epsilon": [Interval(Real, 0, None, closed="left")],
    "quantile": [Interval(Real, 0, 1, closed="neither")],
    "power": [Interval(Real, None, None, closed="neither")],
}


@dataclass(frozen=True)
class Plan:
    """How ``fit`` goes about it. ``solver`` is one of FULL_BATCH_SOLVERS, "auto", or None for mini-batches.

    ``quadratic``: "auto" may solve it in one step where that is cheaper.
    """

    solver: str | None
    spec: Spec
    quadratic: bool = False


def reject_values(parameters: dict[str, Any]) -> None:
    """Raise ValueError for values, and pairs of values, that stand for nothing we can do."""
    losses = CLASSIFIER_LOSSES if "class_weight" in parameters else REGRESSOR_LOSSES
    optimizers = ["auto", *FULL_BATCH_SOLVERS, *OPTIMIZERS]
    available = {
        "loss": losses,
        "optimizer": optimizers,
        "learning_rate": ["auto", *SCHEDULES],
        "missing": ["error"],
        "new_classes": ["error"],
    }
    reject_unavailable(parameters, available)
    registers: dict[str, dict[str, Any]] = {"optimizer": OPTIMIZERS, "learning_rate": SCHEDULES}
    for name in registers:
        value = parameters[name]
        if isinstance(value, Optimizer | Schedule):
            if getattr(value, "name", None) not in registers[name]:
                known = ", ".join(cls.__name__ for cls in registers[name].values())
                raise ValueError(f"{name}={value!r} is not an object the core knows. Use one of {known}, or a name.")
            value._validate_params()
    if LOSSES[parameters["loss"]]["parameter"] == "epsilon" and parameters["epsilon"] == 0:
        raise ValueError(f"loss={parameters['loss']!r} needs epsilon > 0, got epsilon = 0.")
    if _schedule(parameters["learning_rate"]).name == "optimal" and parameters["alpha"] == 0:
        raise ValueError(
            "alpha must be > 0 since learning_rate is 'optimal'. alpha is used to compute the optimal rate."
        )


def fit_plan(parameters: dict[str, Any], *, columns: int, sparse: bool) -> Plan:
    """Return how ``fit`` trains K = ``columns`` columns, by the rules of ``batch_size`` and ``optimizer``."""
    batch_size, optimizer = parameters["batch_size"], parameters["optimizer"]
    stochastic = isinstance(optimizer, Optimizer) or optimizer in OPTIMIZERS
    if batch_size == "auto":
        batch_size = AUTO_BATCH_SIZE if stochastic or parameters["early_stopping"] else "full"
    if batch_size != "full":
        if optimizer in FULL_BATCH_SOLVERS:
            raise ValueError(
                f"optimizer={optimizer!r} reads all rows for every update, got batch_size={batch_size}. "
                f"Use batch_size='full' or one of the optimizers {', '.join(map(repr, OPTIMIZERS))}."
            )
        return Plan(None, _spec(parameters, batch_size=batch_size, columns=columns, sparse=sparse))
    if parameters["early_stopping"]:
        raise ValueError(
            "early_stopping=True scores the model after every epoch, but batch_size='full' has none. "
            "Use batch_size='auto' or an integer."
        )
    if stochastic:
        raise ValueError(
            f"optimizer={optimizer!r} learns from blocks of rows, got batch_size='full'. "
            f"Use batch_size='auto', an integer, or one of the optimizers {', '.join(map(repr, FULL_BATCH_SOLVERS))}."
        )
    spec = _spec(parameters, batch_size=1, columns=columns, sparse=sparse)
    quadratic = optimizer == "auto" and parameters["loss"] == "squared_error" and spec["l1"] == 0
    return Plan(_solver(optimizer, parameters["loss"], spec), spec, quadratic)


def online_spec(parameters: dict[str, Any], *, columns: int, sparse: bool) -> Spec:
    """Return what ``partial_fit`` and its kin do: the integer batch_size, else one row at a time; untuned: the bank."""
    batch_size = parameters["batch_size"]
    if isinstance(batch_size, str):
        batch_size = 1
    spec = _spec(parameters, batch_size=batch_size, columns=columns, sparse=sparse)
    untuned = _is_auto(parameters["optimizer"]) and _is_auto(parameters["learning_rate"])
    if batch_size == 1 and untuned:
        spec["optimizer"] = BANK
        if sparse and parameters["standardize"] == "auto":
            spec["standardize"] = "root_mean_square"
    return spec


def has_statistics(spec: Spec) -> bool:
    """Say whether columns have statistics in the state. Root mean squares stand with the weights they scale."""
    return spec["standardize"] in ("scale", "center_scale")


def _is_auto(value: Any) -> bool:
    return isinstance(value, str) and (value == "auto" or value in FULL_BATCH_SOLVERS)


def _solver(optimizer: str, loss: str, spec: Spec) -> str:
    """Name the full-batch solver; "auto": cd for hinge, gd with an l1 part, else a smooth one by the shape of X."""
    smooth = LOSSES[loss]["smooth"]
    if optimizer == "auto":
        optimizer = "cd" if not smooth else "gd" if spec["l1"] > 0 else "auto"
    reject_full_batch(loss, spec["l2"])
    if optimizer in SMOOTH_SOLVERS and spec["l1"] > 0:
        raise ValueError(
            f"optimizer={optimizer!r} needs a smooth penalty, got one with an l1 part. Use optimizer='gd' or 'auto'."
        )
    if optimizer == "cd" and smooth:
        _reject_without_dual(loss, spec)
    if optimizer != "cd" and not smooth:
        raise ValueError(
            f"optimizer={optimizer!r} needs a smooth loss, got loss={loss!r}. Use optimizer='cd' or 'auto'."
        )
    return optimizer


def _reject_without_dual(loss: str, spec: Spec) -> None:
    """Raise ValueError unless the smooth problem is the one whose dual is ascended: two classes, log_loss, l2 alone."""
    if loss == "log_loss" and spec["columns"] == 1 and spec["l1"] == 0 and spec["l2"] > 0:
        return
    got = f"loss={loss!r}, columns of coefficients = {spec['columns']}, l1 = {spec['l1']:g}, l2 = {spec['l2']:g}"
    raise ValueError(
        "optimizer='cd' ascends the dual of hinge, and of log_loss with two classes and an l2 penalty alone, "
        f"got {got}. Use optimizer='auto' or 'newton' (l2 or no penalty), or 'gd'."
    )


def _spec(parameters: dict[str, Any], *, batch_size: int, columns: int, sparse: bool) -> Spec:
    optimizer = _optimizer(parameters["optimizer"])
    schedule = _schedule(parameters["learning_rate"])
    l1, l2 = _penalty_strengths(parameters)
    spec: Spec = {
        "loss": parameters["loss"],
        "loss_parameter": parameter_of(parameters["loss"], parameters),
        "columns": columns,
        "l1": l1,
        "l2": l2,
        "fit_intercept": bool(parameters["fit_intercept"]),
        "standardize": _standardize(parameters, sparse=sparse),
        "optimizer": optimizer.name,
        "momentum": 0.9,
        "beta_1": 0.9,
        "beta_2": 0.999,
        "epsilon": 1e-8,
        "initial_accumulator": 1e-8,
        "schedule": schedule.name,
        "eta0": LEARNING_RATES[optimizer.name],
        "power_t": 0.5,
        "decay": 1.0,
        "alpha": float(parameters["alpha"]),
        "batch_size": int(batch_size),
        "share": BANK_SHARE,
    }
    chosen = vars(optimizer) | vars(schedule)
    spec.update({name: float(chosen[name]) for name in spec if chosen.get(name, "auto") != "auto"})  # type: ignore[typeddict-item]
    return spec


def _optimizer(value: Any) -> Optimizer:
    """Return the optimizer of blocks and rows: "auto", and the full-batch names, stand for AdaGrad there."""
    if isinstance(value, Optimizer):
        return value
    return OPTIMIZERS.get(value, OPTIMIZERS["adagrad"])()


def _schedule(value: Any) -> Schedule:
    if isinstance(value, Schedule):
        return value
    if isinstance(value, str):
        return Constant() if value == "auto" else SCHEDULES[value]()
    return Constant(eta0=float(value))


def _penalty_strengths(parameters: dict[str, Any]) -> tuple[float, float]:
    if parameters["penalty"] is None:
        return 0.0, 0.0
    fixed = PENALTIES[parameters["penalty"]]
    ratio = float(parameters["l1_ratio"] if fixed is None else fixed)
    return float(parameters["alpha"]) * ratio, float(parameters["alpha"]) * (1.0 - ratio)


def _standardize(parameters: dict[str, Any], *, sparse: bool) -> str:
    """Return the mode: dense rows are centred where an intercept takes the centre up, sparse ones never."""
    wanted = not sparse if parameters["standardize"] == "auto" else bool(parameters["standardize"])
    if not wanted:
        return "none"
    return "center_scale" if parameters["fit_intercept"] and not sparse else "scale"
