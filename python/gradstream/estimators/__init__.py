"""The public estimators: scikit-learn's contract over the regimes, and what files of ``frozen()`` hold."""

from gradstream.estimators import frozen as frozen  # registers its classes: load() imports this room for them
from gradstream.estimators.classifier import LinearClassifier
from gradstream.estimators.regressor import LinearRegressor

__all__ = ["LinearClassifier", "LinearRegressor"]
