"""Bad input, line by line: an error that says what, where and what is allowed, and a model that has not changed."""

import numpy as np
import pytest
from scipy import sparse

from estimator_data import features, labels, state_of, values
from gradstream import LinearClassifier, LinearRegressor
from gradstream.exceptions import DivergenceError
from gradstream.optim import Adam, Constant, InvScaling, Optimizer, Schedule

N, D = 30, 4
CALLS = ["fit", "partial_fit", "progressive_fit"]


@pytest.fixture
def X():
    return features(N, D)


@pytest.fixture
def model(X):
    return LinearClassifier().fit(X, labels(X))


def refused(model, call, error, match):
    """Run a call that must raise, and leave the model as it was."""
    before, names = state_of(model), sorted(vars(model))
    with pytest.raises(error, match=match):
        call()
    assert state_of(model) == before
    assert sorted(vars(model)) == names


def with_value(X, i, j, value):
    X = X.copy()
    X[i, j] = value
    return X


# values that are not finite


@pytest.mark.parametrize("value, word", [(np.nan, "NaN"), (np.inf, "infinity"), (-np.inf, "infinity")])
@pytest.mark.parametrize("container", [np.asarray, np.asfortranarray, sparse.csr_array, sparse.csc_array, list])
@pytest.mark.parametrize("call", [*CALLS, "predict", "decision_function", "predict_proba"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_x_is_finite(X, model, value, word, container, call, dtype):
    y = labels(X)
    model.fit(X.astype(dtype), y)
    bad = container(with_value(X, 17, 2, value).astype(dtype))
    arguments = (bad, y) if call in CALLS else (bad,)
    refused(model, lambda: getattr(model, call)(*arguments), ValueError, f"Input X contains {word}")


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("call", CALLS)
def test_y_is_finite(X, value, call):
    y = values(X)
    model = LinearRegressor().fit(X, y)
    y[3] = value
    refused(model, lambda: getattr(model, call)(X, y), ValueError, "Input y contains")


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(
    "weights, match",
    [
        (np.full(N, np.nan), "Input sample_weight contains NaN"),
        (np.full(N, np.inf), "Input sample_weight contains infinity"),
        (np.r_[np.ones(17), -2.0, np.ones(N - 18)], r"1 negative values \(first: sample_weight\[17\] = -2.0\)"),
        (np.ones(N - 1), r"sample_weight.shape == \(29,\), expected \(30,\)"),
        (np.ones((N, 2)), "Sample weights must be 1D array or scalar"),
        (np.full(N, "a"), "sample_weight has dtype <U1: real numbers are needed"),
        ("1", "sample_weight has dtype <U1: real numbers are needed"),
        ([*["1"] * (N - 1), 1], "sample_weight has dtype <U"),
        (np.full(N, "2020", "M8[Y]"), "sample_weight has dtype datetime64"),
        (np.timedelta64(1), "sample_weight has dtype timedelta64"),
        (np.array([1.0, "1"] * (N // 2), object), "sample_weight holds '1': real numbers are needed"),
        ({}, "sample_weight holds {}: real numbers are needed"),
    ],
    ids=["nan", "infinity", "negative", "short", "2-d", "strings", "text", "mixed", "dates", "time", "objects", "dict"],
)
def test_weights(X, model, call, weights, match):
    refused(model, lambda: getattr(model, call)(X, labels(X), sample_weight=weights), ValueError, match)


# shapes


@pytest.mark.parametrize("call", ["partial_fit", "progressive_fit", "predict", "objective", "gradient"])
@pytest.mark.parametrize("container", [np.asarray, sparse.csr_array])
def test_number_of_features(X, model, call, container):
    bad = container(np.hstack([X, X]))
    arguments = (bad,) if call == "predict" else (bad, labels(X))
    match = "X has 8 features, but LinearClassifier is expecting 4 features as input"
    refused(model, lambda: getattr(model, call)(*arguments), ValueError, match)


@pytest.mark.parametrize("call", CALLS)
def test_rows_and_targets_go_together(X, model, call):
    match = r"inconsistent numbers of samples: \[30, 29\]"
    refused(model, lambda: getattr(model, call)(X, labels(X)[1:]), ValueError, match)


@pytest.mark.parametrize("call", [*CALLS, "predict"])
@pytest.mark.parametrize(
    "bad, match",
    [
        (np.zeros((0, D)), r"Found array with 0 sample\(s\)"),
        (np.zeros((N, 0)), r"Found array with 0 feature\(s\)"),
        (sparse.csr_array((0, D)), r"Found array with 0 sample\(s\)"),
        (np.zeros(N), "Expected 2D array, got 1D array instead"),
        (np.zeros((N, D, 2)), "Found array with dim 3"),
    ],
    ids=["no rows", "no columns", "no sparse rows", "1-d", "3-d"],
)
def test_shape_of_x(X, model, call, bad, match):
    arguments = (bad, labels(X)[: len(bad) if bad.ndim < 3 and not sparse.issparse(bad) else N])
    if sparse.issparse(bad):
        arguments = (bad, np.array([], int))
    refused(model, lambda: getattr(model, call)(*arguments[: 1 if call == "predict" else 2]), ValueError, match)


# dtypes


@pytest.mark.parametrize("call", [*CALLS, "predict"])
@pytest.mark.parametrize(
    "convert, error, match",
    [
        (lambda X: X.astype(complex), ValueError, "Complex data not supported"),
        (lambda X: np.where(X > 0, "a", "b"), ValueError, "could not convert string to float"),
        (lambda X: np.full(X.shape, object()), TypeError, "argument must be"),
    ],
    ids=["complex", "strings", "objects"],
)
def test_dtype_of_x(X, model, call, convert, error, match):
    arguments = (convert(X), labels(X))[: 1 if call == "predict" else 2]
    refused(model, lambda: getattr(model, call)(*arguments), error, match)


@pytest.mark.parametrize("call", CALLS)
def test_dtype_of_y(X, call):
    model = LinearRegressor().fit(X, values(X))
    for y, match in [
        (values(X).astype(complex), "Complex data not supported"),
        (np.where(X[:, 0] > 0, "a", "b"), "values that are not numbers"),
        (np.full(N, object()), "values that are not numbers"),
        (np.zeros((N, 2)), "y should be a 1d array"),
        (None, "requires y to be passed"),
    ]:
        refused(model, lambda y=y: getattr(model, call)(X, y), ValueError, match)


# labels


@pytest.mark.parametrize("call", ["partial_fit", "progressive_fit"])
@pytest.mark.parametrize("label", [7, -1, 0.5, "no"])
def test_unknown_labels(X, model, call, label):
    y = labels(X).astype(type(label))
    y[[4, 9]] = label
    match = r"knows the classes array\(\[0, 1\]\), but y has \d+ other labels \(first: y\[\d+\] = .*should include all"
    if isinstance(label, float):
        match = "Unknown label type: continuous"
    refused(model, lambda: getattr(model, call)(X, y), ValueError, match)


def test_classes_of_a_stream(X):
    y = labels(X)
    fresh = LinearClassifier()
    with pytest.raises(ValueError, match=r"classes must be passed on the first call to partial_fit\."):
        fresh.partial_fit(X, y)
    with pytest.raises(ValueError, match="number of classes has to be greater than one; got 1 class"):
        fresh.partial_fit(X, y, classes=[1])
    assert vars(fresh) == vars(LinearClassifier())
    fresh.partial_fit(X, y, classes=[1, 0])
    refused(
        fresh,
        lambda: fresh.partial_fit(X, y, classes=[0, 1, 2]),
        ValueError,
        r"`classes=\[0, 1, 2\]` is not the same as on last call to partial_fit, was: array\(\[0, 1\]\)",
    )


def test_one_class_is_not_enough(X):
    with pytest.raises(ValueError, match=r"number of classes has to be greater than one; got 1 class \(3\)"):
        LinearClassifier().fit(X, np.full(N, 3))
    with pytest.raises(ValueError, match=r"classes of positive weight has to be greater than one; got 1 class \(1\)"):
        LinearClassifier().fit(X, labels(X), labels(X).astype(float))
    with pytest.raises(ValueError, match="Unknown label type: continuous"):
        LinearClassifier().fit(X, values(X))


def test_counts_are_not_negative(X):
    y = np.abs(values(X))
    model = LinearRegressor("poisson").fit(X, y)
    y[[17, 20, 21]] = -2.0
    match = (
        r"loss='poisson' needs y >= 0, but y has 3 negative values \(first: y\[17\] = -2.0\). Use loss='squared_error'"
    )
    for call in (model.fit, model.partial_fit, model.progressive_fit):
        refused(model, lambda call=call: call(X, y), ValueError, match)
    refused(model, lambda: model.learn_one(X[0], -1.0), ValueError, "needs y >= 0")


# CSR matrices that lie


def csr(**changes):
    """A CSR matrix of shape (3, 4) with some of its arrays replaced, unchecked."""
    rows = sparse.csr_array(np.array([[1.0, 0, 2, 0], [0, 3, 0, 0], [4, 0, 5, 6]]))
    for name, array in changes.items():
        setattr(rows, name, np.asarray(array))
    return rows


@pytest.mark.parametrize("call", [*CALLS, "predict"])
@pytest.mark.parametrize("index", [np.int32, np.int64])
@pytest.mark.parametrize(
    "changes, match",
    [
        ({"indices": [0, 2, 4, 0, 2, 3]}, r"row 1 a column index outside \[0, 4\)"),
        ({"indices": [0, 2, -1, 0, 2, 3]}, r"row 1 a column index outside \[0, 4\)"),
        ({"indices": [2, 0, 1, 0, 2, 7]}, r"row 2 a column index outside \[0, 4\)"),
        ({"indices": [2, 0, 1, 0, 2, 3], "indptr": [0, 3, 2, 6]}, "row 1 row pointers that decrease or pass the end"),
        ({"indptr": [0, 3, 2, 6]}, "row 1 row pointers that decrease or pass the end"),
        ({"indptr": [0, 2, 3, 99]}, "row 2 row pointers that decrease or pass the end"),
        ({"indptr": [1, 2, 3, 6]}, "row 0 row pointers"),
    ],
    ids=[
        "too far",
        "negative",
        "unsorted and too far",
        "unsorted and decreasing",
        "decreasing",
        "past the end",
        "late start",
    ],
)
def test_malformed_csr(call, index, changes, match):
    y = [0, 1, 0]
    model = LinearClassifier().fit(csr(), y)
    bad = csr(
        **{
            name: np.asarray(array, index)
            for name, array in {"indices": csr().indices, "indptr": csr().indptr, **changes}.items()
        }
    )
    arguments = (bad,) if call == "predict" else (bad, y)
    refused(model, lambda: getattr(model, call)(*arguments), ValueError, match)


def test_csr_of_unequal_lengths():
    bad = csr(data=[1.0, 2.0])
    with pytest.raises(ValueError, match="X holds 2 values and 6 column indices"):
        LinearClassifier().fit(bad, [0, 1, 0])


@pytest.mark.parametrize(
    "x, match",
    [
        (([0, 4], [1.0, 1.0]), r"row 0 a column index outside \[0, 4\)"),
        (([2, 1], [1.0, 1.0]), "row 0 column indices that decrease"),
        (([1, 1], [1.0, 1.0]), "row 0 a column index twice"),
        (([0], [1.0, 1.0]), "two 1-D arrays of one length"),
        ((1.0, 2.0, 3.0, 4.0), r"tuple of 4: a row is an array of 4 values, or a pair \(indices, values\)"),
        (([0.5], [1.0]), "indices of integers"),
        (np.zeros(3), r"x has shape \(3,\), but LinearClassifier is expecting one row of shape \(4,\)"),
        (np.zeros((1, 4)), r"x has shape \(1, 4\)"),
        (np.full(4, np.nan), "Input X contains NaN"),
        (np.full(4, 1j), "a row needs real numbers"),
        (np.full(4, "a"), "a row needs real numbers"),
        (sparse.csr_array((1, 4)), "x is a sparse matrix"),
    ],
)
def test_one_row(model, X, x, match):
    for call in (lambda: model.learn_one(x, 0), lambda: model.predict_one(x), lambda: model.predict_proba_one(x)):
        refused(model, call, (ValueError, TypeError), match)


def test_one_row_before_there_is_a_model():
    with pytest.raises(ValueError, match="number of features is not known yet"):
        LinearRegressor().learn_one(([0], [1.0]), 0.0)
    with pytest.raises(ValueError, match="classes must be passed"):
        LinearClassifier().learn_one(np.zeros(3), 0)
    model = LinearRegressor()
    model.learn_one(np.arange(3.0), 1.0)
    assert model.n_features_in_ == 3


# starts, validation rows, delays


@pytest.mark.parametrize(
    "arguments, match",
    [
        ({"coef_init": np.zeros(3)}, r"Provided coef_init does not match dataset: it has shape \(3,\), and 4 finite"),
        ({"intercept_init": [1.0, 2.0]}, "Provided intercept_init does not match dataset"),
        ({"coef_init": np.full(D, np.nan)}, "Provided coef_init does not match dataset"),
        (
            {"X_val": np.zeros((2, D)), "y_val": [0, 1]},
            "X_val, y_val and sample_weight_val are for early_stopping=True",
        ),
    ],
)
def test_arguments_of_fit(X, model, arguments, match):
    refused(model, lambda: model.fit(X, labels(X), **arguments), ValueError, match)


@pytest.mark.parametrize(
    "arguments, match",
    [
        ({"X_val": np.zeros((2, D))}, "X_val and y_val go together"),
        ({"sample_weight_val": np.ones(N)}, "sample_weight_val weighs the rows of X_val, which is None"),
        ({"X_val": np.zeros((2, D + 1)), "y_val": [0, 1]}, "X has 5 features"),
        ({"X_val": np.zeros((2, D)), "y_val": [0, 7]}, "knows the classes"),
        ({"X_val": np.full((2, D), np.nan), "y_val": [0, 1]}, "Input X contains NaN"),
        ({"X_val": np.zeros((2, D)), "y_val": [0, 1], "sample_weight_val": [0, 0]}, "sample_weight_val must contain"),
    ],
)
def test_validation_rows(X, arguments, match):
    model = LinearClassifier(early_stopping=True, max_iter=2, tol=None).fit(X, labels(X))
    refused(model, lambda: model.fit(X, labels(X), **arguments), ValueError, match)


@pytest.mark.parametrize("delay", [-1, 1.5, True, None])
def test_delays_are_counts(X, model, delay):
    refused(model, lambda: model.progressive_fit(X, labels(X), delay=delay), ValueError, "delay = ")


def test_methods_of_progressive_fit(X):
    with pytest.raises(ValueError, match="method='predict_proba' with loss='hinge': allowed are 'auto', 'predict'"):
        LinearClassifier("hinge").progressive_fit(X, labels(X), classes=[0, 1], method="predict_proba")
    with pytest.raises(ValueError, match="method='decision_function': allowed are 'auto' and 'predict'"):
        LinearRegressor().progressive_fit(X, values(X), method="decision_function")


# parameters


@pytest.mark.parametrize(
    "parameters",
    [
        {"loss": "logistic"},
        {"penalty": "l3"},
        {"alpha": -1.0},
        {"alpha": "big"},
        {"l1_ratio": 1.5},
        {"fit_intercept": "yes"},
        {"standardize": "always"},
        {"batch_size": 0},
        {"batch_size": 2.5},
        {"batch_size": 10**30},
        {"optimizer": "ADAM"},
        {"optimizer": 3},
        {"learning_rate": 0.0},
        {"learning_rate": "slow"},
        {"max_iter": 0},
        {"tol": -1.0},
        {"validation_fraction": 1.0},
        {"n_iter_no_change": 0},
        {"n_jobs": 1.5},
        {"random_state": "lucky"},
        {"class_weight": "even"},
        {"optimizer": Adam(beta_1=1.0)},
        {"learning_rate": InvScaling(power_t=-1.0)},
        {"learning_rate": Constant(eta0=0.0)},
    ],
    ids=str,
)
@pytest.mark.parametrize("call", CALLS)
def test_values_of_parameters(X, model, parameters, call):
    name = next(iter(parameters))
    model.set_params(**parameters)
    owner = type(parameters[name]).__name__ if hasattr(parameters[name], "get_params") else "LinearClassifier"
    refused(model, lambda: getattr(model, call)(X, labels(X)), ValueError, f"parameter of {owner} must be")


@pytest.mark.parametrize(
    "parameters, match",
    [
        ({"average": True}, "average=True is not available yet. Use average=False"),
        ({"average": 10}, "average=10 is not available yet"),
        ({"bounds": "positive"}, "bounds='positive' is not available yet"),
        ({"bounds": (0.0, 1.0)}, r"bounds=\(0.0, 1.0\) is not available yet"),
        ({"missing": "skip"}, "missing='skip' is not available yet. Available: 'error'"),
        ({"new_classes": "grow"}, "new_classes='grow' is not available yet"),
        ({"loss": "perceptron"}, "loss='perceptron' is not available yet. Available: 'log_loss', 'hinge'"),
        ({"optimizer": "saga"}, "optimizer='saga' is not available yet. Available: 'auto', 'lbfgs'"),
        ({"learning_rate": "cosine"}, "learning_rate='cosine' is not available yet. Available: 'auto', 'constant'"),
        ({"loss": "hinge", "penalty": "l1"}, "hinge' and no l2 part in the penalty is not available yet"),
        ({"loss": "hinge", "alpha": 0.0}, "hinge' and no l2 part in the penalty is not available yet"),
    ],
    ids=str,
)
def test_values_that_are_not_there_yet(X, model, parameters, match):
    model.set_params(**parameters)
    refused(model, lambda: model.fit(X, labels(X)), ValueError, match)


def test_losses_of_regressors_that_are_not_there_yet(X):
    for loss in ("epsilon_insensitive", "squared_epsilon_insensitive", "quantile"):
        with pytest.raises(ValueError, match=f"loss='{loss}' is not available yet. Available: 'squared_error'"):
            LinearRegressor(loss).fit(X, values(X))


@pytest.mark.parametrize(
    "parameters, match",
    [
        (
            {"batch_size": "full", "optimizer": "adam"},
            "optimizer='adam' learns from blocks of rows, got batch_size='full'",
        ),
        ({"batch_size": "full", "optimizer": Adam()}, r"optimizer=Adam\(\) learns from blocks of rows"),
        (
            {"batch_size": 8, "optimizer": "lbfgs"},
            "optimizer='lbfgs' reads all rows for every update, got batch_size=8",
        ),
        ({"batch_size": "full", "early_stopping": True}, "early_stopping=True scores the model after every epoch"),
        ({"optimizer": "lbfgs", "penalty": "l1"}, "optimizer='lbfgs' needs a smooth penalty"),
        ({"optimizer": "newton", "penalty": "l1"}, "optimizer='newton' needs a smooth penalty"),
        ({"optimizer": "newton", "loss": "hinge"}, "optimizer='newton' needs a smooth loss, got loss='hinge'"),
        ({"optimizer": "cd", "loss": "squared_hinge"}, "'cd' ascends the dual of hinge, .* got loss='squared_hinge'"),
        ({"optimizer": "cd", "penalty": "elasticnet"}, r"got loss='log_loss', columns of coefficients = 1, l1 = 5e-05"),
        ({"optimizer": "lbfgs", "loss": "hinge"}, "optimizer='lbfgs' needs a smooth loss, got loss='hinge'"),
        ({"learning_rate": "optimal", "alpha": 0.0}, "alpha must be > 0 since learning_rate is 'optimal'"),
        ({"optimizer": Optimizer()}, r"optimizer=Optimizer\(\) is not .* Use one of SGD, Momentum, AdaGrad, Adam"),
        ({"learning_rate": Schedule()}, r"learning_rate=Schedule\(\) is not .* Use one of Constant, InvScaling"),
    ],
    ids=str,
)
def test_parameters_that_do_not_go_together(X, model, parameters, match):
    model.set_params(**parameters)
    refused(model, lambda: model.fit(X, labels(X)), ValueError, match)


def test_huber_needs_a_width(X):
    with pytest.raises(ValueError, match="loss='huber' needs epsilon > 0"):
        LinearRegressor("huber", epsilon=0.0).fit(X, values(X))


def test_weights_of_classes(X, model):
    model.set_params(class_weight={0: 1.0, 5: 2.0})
    refused(model, lambda: model.fit(X, labels(X)), ValueError, r"The classes, \[.*1.*\], are not in class_weight")
    for weight in (-2.0, np.nan, np.inf, "heavy"):
        model.set_params(class_weight={0: 1.0, 1: weight})
        refused(model, lambda: model.fit(X, labels(X)), ValueError, r"class_weight needs weights >= 0, .*, got \{1: ")


def test_counts_that_no_machine_has(X):
    y = labels(X)
    model = LinearClassifier(max_iter=10**12, n_jobs=10**12).fit(X, y)
    np.testing.assert_array_equal(model.coef_, LinearClassifier().fit(X, y).coef_)


def test_rows_of_a_packed_record(X, model):
    packed = np.zeros(N, [("flag", "i1"), ("x", float, (D,)), ("spread", [("flag", "i1"), ("x", float)], (D,))])
    packed["x"] = packed["spread"]["x"] = X
    assert model.predict_one(packed["spread"]["x"][3]) == model.predict_one(X[3]) == model.predict_one(packed["x"][3])
    model.learn_one(packed["spread"]["x"][3], 0)


def test_a_fixed_parameter_is_named(X, model):
    model.set_params(fit_intercept=False)
    refused(model, lambda: model.partial_fit(X, labels(X)), ValueError, "fit_intercept=False cannot take effect")


def test_labels_are_shown_with_their_type(X, model):
    refused(model, lambda: model.learn_one(X[0], "1"), ValueError, r"y\[0\] = '1'")


# values that are too large


def test_squares_that_overflow(X):
    with pytest.raises(ValueError, match=r"The variance of column 2 of X overflows float64\. Rescale the column"):
        LinearClassifier().fit(with_value(X, 3, 2, 1e300), labels(X))
    with pytest.raises(
        DivergenceError, match=r"iteration 0 of optimizer 'lbfgs'. The sums over X and y overflow float64"
    ):
        LinearRegressor(standardize=False).fit(X, 1e200 * values(X))
    model = LinearRegressor(standardize=False).fit(X, 1e150 * values(X))
    refused(model, lambda: model.predict(X * 1e200), ValueError, r"decision value of row \d+ of X overflows")
