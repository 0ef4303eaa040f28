"""A row learnt in C is the row learnt in Python, for every rule; steps that are not finite do not happen."""

import itertools
import subprocess

import numpy as np
import pytest

from estimator_data import CLASSIFIER_LOSSES, REGRESSOR_LOSSES
from exported_c import COMPILER, FLAGS, Exported
from gradstream import LinearRegressor
from gradstream._parameters import LOG_LINK
from near import assert_near
from saved_models import D, known, learn, named, stream

pytestmark = pytest.mark.skipif(COMPILER is None, reason="there is no C compiler here: cc, gcc, clang")
LOSSES = [(loss, 3) for loss in CLASSIFIER_LOSSES] + [(loss, 2) for loss in CLASSIFIER_LOSSES + REGRESSOR_LOSSES]
PENALTIES = [None, "l2", "l1", "elasticnet"]
ROUNDING = {np.float64: 1e-12, np.float32: 1e-6}
# Every loss and number of classes with both rules; penalties and dtypes take turns, so that all pairs occur.
STEPS = [
    (*case, optimizer, PENALTIES[(i + i // 4) % 4], (np.float64, np.float32)[i % 5 > 2])
    for i, (case, optimizer) in enumerate(itertools.product(LOSSES, ["sgd", "adagrad"]))
]


def test_every_penalty_meets_both_rules_and_dtypes():
    assert {(optimizer, penalty) for _, _, optimizer, penalty, _ in STEPS} == set(
        itertools.product(["sgd", "adagrad"], PENALTIES)
    )
    assert {(penalty, dtype) for *_, penalty, dtype in STEPS} == set(itertools.product(PENALTIES, ROUNDING))


@pytest.mark.parametrize(("loss", "n_classes", "optimizer", "penalty", "dtype"), STEPS)
def test_a_step_is_the_step_of_python(tmp_path, loss, n_classes, optimizer, penalty, dtype):
    X, y = stream(loss, "dense", n_classes, n=60)
    X = X.astype(dtype)
    model = learn(named(loss, optimizer, penalty=penalty, alpha=1e-2), X[:50], y[:50], n_classes)
    exported = Exported(model, tmp_path)
    for i in range(50, 54):
        target = y[i] if exported.regressor else np.flatnonzero(model.classes_ == y[i])[0]
        assert exported.learn_one(X[i], target, 0.5) == 0
        model.learn_one(X[i], y[i], 0.5)
    margins = exported.each("gradstream_model_margins", X, exported.model, columns=exported.columns).squeeze()
    if exported.regressor:
        margins = np.exp(margins) if loss in LOG_LINK else margins
        assert_near(margins, model.predict(X), ROUNDING[dtype])
    else:
        assert_near(margins, model.decision_function(X), ROUNDING[dtype])


@pytest.mark.parametrize(
    ("parameters", "dtype", "y"),
    [
        ({"optimizer": "adagrad"}, np.float64, 1e200),
        ({"optimizer": "adagrad", "penalty": None, "standardize": False}, np.float64, -1e200),
        ({"optimizer": "sgd"}, np.float32, 1e300),
        ({"optimizer": "sgd", "penalty": "l1", "standardize": False}, np.float32, 1e300),
    ],
)
def test_a_step_that_is_not_finite_does_not_happen(tmp_path, parameters, dtype, y):
    X, targets = stream("squared_error", "dense")
    X = X.astype(dtype)
    model = LinearRegressor(**parameters).partial_fit(X, targets)
    exported, before = Exported(model, tmp_path), known(model)
    margins = exported.each("gradstream_model_margins", X, exported.model, columns=1)
    with pytest.raises(ValueError, match=r"[Dd]iverge|finite|overflow"):
        model.learn_one(X[0], y)
    assert known(model) == before
    assert exported.learn_one(X[0], y) == 1
    np.testing.assert_array_equal(exported.each("gradstream_model_margins", X, exported.model, columns=1), margins)
    assert exported.learn_one(X[0], targets[0]) == 0
    model.learn_one(X[0], targets[0])
    after = exported.each("gradstream_model_margins", X, exported.model, columns=1)[:, 0]
    assert_near(after, model.predict(X), 1e-5 if dtype == np.float32 else 1e-12)


def test_a_row_that_is_not_finite_has_no_probabilities(tmp_path):
    X, y = stream("log_loss", "dense")
    exported = Exported(learn(named("log_loss", "sgd"), X, y), tmp_path)
    p = exported.each("gradstream_predict_proba", np.full((1, D), np.nan), columns=2)
    assert np.isnan(p).all()


SANITIZED = """
#include "model.c"
#include <stdio.h>
int main(void) {
  static gradstream_model model;
  double row[GRADSTREAM_FEATURES + 2], z[GRADSTREAM_COLUMNS];
  gradstream_start(&model);
  while (fread(row, sizeof row, 1, stdin) == 1) {
    printf("%d", gradstream_learn_one(&model, row, (TARGET)row[GRADSTREAM_FEATURES], row[GRADSTREAM_FEATURES + 1]));
    gradstream_model_margins(&model, row, z);
    (void)gradstream_model_predict(&model, row);
    (void)gradstream_predict(row);
    printf(" %.17g\\n", z[0]);
  }
  return 0;
}
"""
SANITIZERS = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-g"]


def sanitizers_work(folder):
    (folder / "try.c").write_text("int main(void) { return 0; }\n")
    command = [COMPILER, *SANITIZERS, str(folder / "try.c"), "-o", str(folder / "try")]
    return (
        subprocess.run(command, capture_output=True).returncode == 0 and not subprocess.run([folder / "try"]).returncode
    )


@pytest.mark.parametrize(
    ("loss", "n_classes", "optimizer", "dtype"),
    [
        ("log_loss", 3, "adagrad", np.float32),
        ("log_loss", 2, "sgd", np.float64),
        ("modified_huber", 3, "sgd", np.float32),
        ("poisson", 2, "adagrad", np.float64),
        ("tweedie", 2, "sgd", np.float64),
    ],
)
def test_c_is_clean(tmp_path, loss, n_classes, optimizer, dtype):
    """No read or write out of place, nothing undefined, on rows that are far out or not finite as well."""
    if not sanitizers_work(tmp_path):
        pytest.skip("this C compiler has no sanitizers")
    X, y = stream(loss, "dense", n_classes)
    model = learn(named(loss, optimizer, penalty="elasticnet"), X.astype(dtype), y, n_classes)
    model.export(tmp_path / "model.c")
    (tmp_path / "main.c").write_text(SANITIZED)
    target = "double" if loss in LOG_LINK else "int"
    flags = [flag for flag in FLAGS if flag not in ("-shared", "-fPIC")]
    command = [
        COMPILER,
        *flags,
        *SANITIZERS,
        f"-DTARGET={target}",
        str(tmp_path / "main.c"),
        "-o",
        str(tmp_path / "run"),
    ]
    subprocess.run([*command, "-lm"], check=True, capture_output=True, text=True)
    rows = np.column_stack([X, y.astype(float), np.ones(len(X))])
    far = rows[:6].copy()
    far[np.arange(6), np.arange(6)] = [np.nan, np.inf, -1e200, 1e300, 1e150, 1e-320]
    far[:2, D + 1] = [1e308, 0.0]
    data = np.concatenate([rows, far, rows])
    run = subprocess.run([tmp_path / "run"], input=data.tobytes(), capture_output=True, check=True)
    lines = [line.split() for line in run.stdout.decode().splitlines()]
    assert len(lines) == len(data)
    assert [line[0] for line in lines[: len(rows)]] == ["0"] * len(rows)
    assert [line[0] for line in lines[len(rows) :][:2]] == ["1", "1"]
    assert np.isfinite([float(line[1]) for line in lines[-len(rows) :]]).all()
