"""The public estimators: scikit-learn's contract over the regimes, and what files of ``frozen()`` hold.

Classes are imported when first asked for: the drop-ins need some of this room and not all of it.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gradstream.estimators.classifier import LinearClassifier
    from gradstream.estimators.frozen import FrozenClassifier, FrozenRegressor
    from gradstream.estimators.regressor import LinearRegressor

__all__ = ["FrozenClassifier", "FrozenRegressor", "LinearClassifier", "LinearRegressor"]

_HOMES = {
    "FrozenClassifier": "frozen",
    "FrozenRegressor": "frozen",
    "LinearClassifier": "classifier",
    "LinearRegressor": "regressor",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
