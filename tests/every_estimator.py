"""Every estimator of the package in one list, for tests of what all of them can do."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

import gradstream
import gradstream.linear_model
from estimator_data import counts, features, labels, standard, values

ROWS = standard(features(80, 5))
TARGETS = {
    "two": np.array(["no", "yes"])[labels(ROWS)],
    "three": labels(ROWS, 3),
    "values": values(ROWS),
    "several": np.column_stack([values(ROWS), values(ROWS, 2), counts(ROWS)]),
    "counts": counts(ROWS),
    "amounts": np.exp(0.3 * values(ROWS)),
    "labels": np.column_stack([labels(ROWS), labels(ROWS, 2, 3)]),
    "none": None,
}


@dataclass(frozen=True)
class Case:
    """An estimator, its parameters, and the kind of its targets."""

    name: str
    kind: str
    parameters: dict[str, Any] = field(default_factory=dict)

    @property
    def cls(self):
        home = gradstream if hasattr(gradstream, self.name) else gradstream.linear_model
        return getattr(home, self.name)

    @property
    def y(self):
        return TARGETS[self.kind]

    @property
    def classes(self):
        """The labels, None of regressors."""
        return np.unique(self.y) if self.kind in ("two", "three") else None

    @property
    def reads_rows(self):
        """Whether it has learn_one and predict_one."""
        return not self.name.startswith(("SGD", "Perceptron"))

    def new(self):
        seed = {"random_state": 0} if "random_state" in self.cls._get_param_names() else {}
        return self.cls(**seed, **self.parameters)

    def fit(self, rows=slice(None), X=ROWS):
        return self.new().fit(X[rows], None if self.y is None else self.y[rows])

    def learn(self, model, rows=slice(None), X=ROWS):
        """One call of partial_fit."""
        if self.y is None:
            return model.partial_fit(X[rows])
        given = {} if self.classes is None else {"classes": self.classes}
        return model.partial_fit(X[rows], self.y[rows], **given)


CASES = [
    Case("GammaRegressor", "amounts"),
    Case("LinearClassifier", "two"),
    Case("LinearClassifier", "three", {"optimizer": "adagrad"}),
    Case("LinearRegressor", "values"),
    Case("LinearRegressor", "counts", {"loss": "poisson"}),
    Case("LogisticRegression", "two"),
    Case("LogisticRegression", "three", {"class_weight": "balanced"}),
    Case("LogisticRegression", "two", {"solver": "liblinear", "l1_ratio": 1.0, "C": 0.1}),
    Case("PoissonRegressor", "counts", {"fit_intercept": False}),
    Case("Ridge", "values"),
    Case("Ridge", "several", {"alpha": [0.5, 1.0, 2.0]}),
    Case("RidgeClassifier", "two", {"class_weight": {"no": 2.0}}),
    Case("RidgeClassifier", "three", {"fit_intercept": False}),
    Case("RidgeClassifier", "labels"),
    Case("Perceptron", "two", {"penalty": "l2"}),
    Case("SGDClassifier", "two"),
    Case("SGDClassifier", "three", {"penalty": "l1", "loss": "log_loss"}),
    Case("SGDClassifier", "three", {"average": 10, "penalty": "elasticnet"}),
    Case("SGDClassifier", "two", {"learning_rate": "adaptive", "eta0": 0.1, "loss": "modified_huber"}),
    Case("SGDOneClassSVM", "none", {"nu": 0.2}),
    Case("SGDRegressor", "values"),
    Case("SGDRegressor", "values", {"average": True, "penalty": "l1"}),
    Case("TweedieRegressor", "counts", {"power": 1.5}),
    Case("TweedieRegressor", "values"),
]


def name_of(case):
    return "-".join([case.name, case.kind, *map(str, case.parameters.values())])


def each(*cases, unless=lambda case: False):
    """Parametrise a test over the cases."""
    return pytest.mark.parametrize("case", [case for case in cases or CASES if not unless(case)], ids=name_of)
