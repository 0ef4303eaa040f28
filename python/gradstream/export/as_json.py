"""A model as JSON: coefficients in X's own units and what to make of the margins."""

from __future__ import annotations

import json
from typing import Any

from numpy.typing import NDArray

from gradstream import _core
from gradstream.export.served import ServedModel

FORMAT = "gradstream-linear"
VERSION = 1


def json_text(model: ServedModel) -> str:
    """Return the document; the schema is in ``docs/guide/saving.md``."""
    document = {
        "format": FORMAT,
        "version": VERSION,
        "gradstream": _core.build_info()["version"],
        "model": model.name,
        "loss": model.loss,
        "link": model.link,
        "n_features": model.features,
        "feature_names": model.feature_names,
        "classes": None if model.classes is None else _labels(model.classes),
        "coef": model.coef.tolist(),
        "intercept": model.intercept.tolist(),
    }
    return json.dumps(document, allow_nan=False, indent=1) + "\n"


def _labels(classes: NDArray[Any]) -> list[Any]:
    """Return labels that JSON has a word for."""
    labels: list[Any] = classes.tolist()
    for label in labels:
        if not isinstance(label, str | int | float):
            raise ValueError(
                f"classes_ holds {label!r}, a {type(label).__name__}: labels in JSON are str, int, float or bool. "
                "Teach the model with such labels, or export format='c', which knows classes by position."
            )
    return labels
