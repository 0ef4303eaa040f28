"""The public estimators: scikit-learn's contract over the regimes."""

from gradstream.estimators.classifier import LinearClassifier
from gradstream.estimators.regressor import LinearRegressor

__all__ = ["LinearClassifier", "LinearRegressor"]
