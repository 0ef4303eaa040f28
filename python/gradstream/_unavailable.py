"""Values of public parameters whose rooms are not built yet. An entry goes when its room comes."""

from typing import Any

LOSSES_TO_COME = {
    "classification": ("perceptron",),
    "regression": ("epsilon_insensitive", "squared_epsilon_insensitive", "quantile"),
}
OPTIMIZERS_TO_COME = (
    "saga",
    "svrg",
    "nesterov",
    "rmsprop",
    "adamw",
    "ftrl",
    "normalized_adagrad",
    "coin",
    "rls",
)
SCHEDULES_TO_COME = ("adaptive", "exponential", "cosine")
MISSING_TO_COME = ("skip",)
NEW_CLASSES_TO_COME = ("grow",)


def not_yet(what: str, remedy: str) -> ValueError:
    """Return the error of everything in this file."""
    return ValueError(f"{what} is not available yet. {remedy}")


def reject_unavailable(parameters: dict[str, Any], available: dict[str, list[str]]) -> None:
    """Raise ValueError for the first value that is still to come; ``available`` lists what there is instead."""
    to_come: dict[str, tuple[str, ...]] = {
        "loss": LOSSES_TO_COME["classification"] + LOSSES_TO_COME["regression"],
        "optimizer": OPTIMIZERS_TO_COME,
        "learning_rate": SCHEDULES_TO_COME,
        "missing": MISSING_TO_COME,
        "new_classes": NEW_CLASSES_TO_COME,
    }
    for name, values in to_come.items():
        value = parameters.get(name)
        if isinstance(value, str) and value in values:
            raise not_yet(f"{name}={value!r}", f"Available: {', '.join(map(repr, available[name]))}.")
    if parameters["average"]:
        raise not_yet(f"average={parameters['average']!r}", "Use average=False.")
    if parameters["bounds"] is not None:
        raise not_yet(f"bounds={parameters['bounds']!r}", "Use bounds=None.")


def reject_full_batch(loss: str, l2: float) -> None:
    """Raise ValueError for the full-batch problems that have no solver yet."""
    if loss == "hinge" and l2 == 0:
        raise not_yet(
            "Full batch with loss='hinge' and no l2 part in the penalty",
            "Use penalty='l2' or 'elasticnet' with alpha > 0, or an integer batch_size.",
        )
