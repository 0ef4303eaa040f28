"""Only the import changes: every drop-in beside scikit-learn's class of the same name, from outside."""

import inspect
import re
import warnings

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import config_context, linear_model
from sklearn.base import clone, is_classifier
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import StackingClassifier, StackingRegressor, VotingClassifier
from sklearn.exceptions import ConvergenceWarning, DataConversionWarning, NotFittedError
from sklearn.feature_selection import RFE, SelectFromModel
from sklearn.model_selection import GridSearchCV, cross_val_score, learning_curve
from sklearn.multiclass import OneVsOneClassifier, OneVsRestClassifier
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from every_estimator import CASES, ROWS, each

DROP_INS = [case for case in CASES if hasattr(linear_model, case.name)]
CALM = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
OPTIMA = {case.name for case in CASES if hasattr(case.cls, "_lend")}  # reached, not walked towards in the same steps
METHODS = ("fit", "partial_fit", "predict", "score", "decision_function", "predict_proba", "predict_log_proba")
# Of scikit-learn's solvers, not of what users see; the two are of no use to SGDOneClassSVM, and no parameters of it.
OWN = {"loss_functions"}
NO_USE = {"SGDOneClassSVM": {"alpha", "validation_fraction"}}


def pair(case, **more):
    """Ours and theirs, to the optimum where there is one."""
    ours = case.new().set_params(**more)
    theirs = getattr(linear_model, case.name)(**ours.get_params())
    return ours, theirs


def exactly(case):
    """Parameters under which both have one answer: the optimum, or a trajectory of five epochs."""
    return {"tol": 1e-10, "max_iter": 10_000} if case.name in OPTIMA else {"tol": None, "max_iter": 5}


def fitted_pair(case, X=ROWS, y=None, **more):
    y = case.y if y is None else y
    more = exactly(case) | more
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return tuple(model.fit(X, y) for model in pair(case, **more))


def outputs(model, X):
    names = [name for name in METHODS[2:] if name != "score" and hasattr(model, name)]
    with np.errstate(divide="ignore"):  # a probability of 0
        return {name: getattr(model, name)(X) for name in names}


def assert_same_outputs(ours, theirs, X=ROWS, rtol=1e-6):
    one, other = outputs(ours, X), outputs(theirs, X)
    assert one.keys() == other.keys()
    for name, value in other.items():
        assert one[name].shape == value.shape, name
        assert one[name].dtype == value.dtype, name
        if value.dtype.kind == "f":
            assert_allclose(one[name], value, rtol, rtol, err_msg=name)
        else:
            assert_array_equal(one[name], value)


@pytest.fixture(autouse=True)
def one_thread():
    """Threads of scikit-learn that wait for one another take a hundred times longer where other work has the cores."""
    with threadpool_limits(1):
        yield


# What can be seen without data.


@each(*DROP_INS)
def test_signatures_and_names(case):
    ours, theirs = pair(case)
    for name in ("__init__", *METHODS):
        if hasattr(type(theirs), name) and hasattr(theirs, name):
            one, other = (inspect.signature(getattr(type(model), name)) for model in (ours, theirs))
            assert [(p.name, p.default, p.kind) for p in one.parameters.values()] == [
                (p.name, p.default, p.kind) for p in other.parameters.values()
            ], name
    public = {name for name in dir(theirs) if not name.startswith("_")} - OWN - NO_USE.get(case.name, set())
    assert public <= set(dir(ours)), public - set(dir(ours))
    assert repr(ours) == repr(theirs)
    assert type(ours)._get_param_names() == type(theirs)._get_param_names()
    assert ours.get_params() == theirs.get_params()
    assert isinstance(ours._repr_html_(), str)


@each(*DROP_INS)
def test_tags_and_kinship(case):
    ours, theirs = pair(case)
    one, other = ours.__sklearn_tags__(), theirs.__sklearn_tags__()
    other.array_api_support = False  # documented
    assert one == other
    assert is_classifier(ours) == is_classifier(theirs)
    public = {cls.__name__ for cls in type(theirs).__mro__ if cls.__name__.endswith("Mixin") and cls.__name__[0] != "_"}
    assert public <= {cls.__name__ for cls in type(ours).__mro__}, public


@each(*DROP_INS)
def test_metadata_requests(case):
    ours, theirs = pair(case)
    with config_context(enable_metadata_routing=True):
        for model in (ours, theirs):
            model.set_fit_request(sample_weight=True)
        one, other = (model.get_metadata_routing() for model in (ours, theirs))
        for method in ("fit", "score", "predict"):
            assert getattr(one, method).requests == getattr(other, method).requests


# What a fit leaves.


@CALM
@each(*DROP_INS)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("container", [np.asarray, sp.csr_array])
def test_attributes_after_a_fit(case, dtype, container):
    X = container(ROWS.astype(dtype))
    ours, theirs = pair(case)
    if case.name == "RidgeClassifier" or case.name == "Ridge":
        ours, theirs = pair(case, solver="sparse_cg" if sp.issparse(X) else "auto")
    ours.fit(X, case.y), theirs.fit(X, case.y)
    public = {name for name in vars(theirs) if not name.startswith("_")} - NO_USE.get(case.name, set())
    assert public <= {name for name in dir(ours) if not name.startswith("_")}
    for name in sorted(public):
        one, other = getattr(ours, name), getattr(theirs, name)
        if name == "n_iter_" and other is None:
            continue  # documented: always an array
        assert np.shape(one) == np.shape(other), name
        if isinstance(other, np.ndarray | np.generic):
            assert np.asarray(one).dtype == other.dtype, name
        elif name.endswith("_"):
            assert type(one) is type(other), name
    one, other = outputs(ours, X), outputs(theirs, X)
    assert {name: value.shape for name, value in one.items()} == {name: value.shape for name, value in other.items()}
    if dtype == np.float64:  # predictions of float32 rows: documented
        assert {name: value.dtype for name, value in one.items()} == {n: v.dtype for n, v in other.items()}


@each(*DROP_INS)
def test_the_model_is_the_same(case):
    ours, theirs = fitted_pair(case)
    assert_same_outputs(ours, theirs, rtol=1e-5 if case.parameters.get("solver") == "liblinear" else 1e-6)
    if case.kind != "none":
        weights = np.linspace(0.0, 2.0, len(ROWS))
        assert_allclose(ours.score(ROWS, case.y), theirs.score(ROWS, case.y), rtol=1e-6)
        assert_allclose(ours.score(ROWS, case.y, weights), theirs.score(ROWS, case.y, weights), rtol=1e-6)


CONTAINERS = [
    *(
        getattr(sp, f"{name}_{kind}")
        for name in ("csr", "csc", "coo", "lil", "dia", "bsr", "dok")
        for kind in ("array", "matrix")
    ),
    np.asfortranarray,
    lambda X: X.tolist(),
    lambda X: np.repeat(X, 2, 1)[:, ::2],
]


@CALM
@each(*DROP_INS)
def test_containers(case):
    dense = ROWS * (np.abs(ROWS) > 0.5)
    solver = {"solver": "sparse_cg"} if case.name.startswith("Ridge") else {}
    expected = None
    for container in CONTAINERS:
        model = case.new().set_params(**solver)
        X = container(dense)
        if sp.issparse(X) and expected is None:
            expected = model.fit(X, case.y).predict(X)
        predicted = clone(model).fit(X, case.y).predict(X)
        if sp.issparse(X) or case.name not in ("SGDOneClassSVM", "SGDClassifier", "SGDRegressor", "Perceptron"):
            if expected.dtype.kind == "f":  # sparse rows of SGD have an intercept of their own
                assert_allclose(predicted, expected, rtol=1e-3, atol=1e-3)
            else:
                assert_array_equal(predicted, expected)


@CALM
@each(*DROP_INS)
@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_frames(case, library):
    frames = pytest.importorskip(library)  # of the test extra
    names = ["a", "b", "c", "d", "e"]
    X = frames.DataFrame(dict(zip(names, ROWS.T, strict=True)))
    y = case.y
    if y is not None:
        y = frames.DataFrame(y) if y.ndim == 2 else frames.Series(y.tolist())
    for model in pair(case):
        model.fit(X, y)
        assert model.feature_names_in_.tolist() == names
        for other in (names[::-1], names[:3]):
            with pytest.raises(ValueError, match="feature names should match"):
                model.predict(X[other])
        with pytest.warns(UserWarning, match="X does not have valid feature names, but"):
            model.predict(ROWS)
    ours = case.new()
    assert_array_equal(ours.fit(X, y).predict(X), ours.fit(X, case.y).predict(X))


# What goes wrong.

NAN, INF = (np.where(np.arange(400).reshape(80, 5) == 17, bad, ROWS) for bad in (np.nan, np.inf))
BAD_CALLS = {
    "not fitted": lambda m, y: m.predict(ROWS),
    "nan": lambda m, y: m.fit(NAN, y),
    "inf": lambda m, y: m.fit(INF, y),
    "nan in csr": lambda m, y: m.fit(sp.csr_array(NAN), y),
    "nan in predict": lambda m, y: m.fit(ROWS, y).predict(NAN),
    "one row as 1-D": lambda m, y: m.fit(ROWS, y).predict(ROWS[0]),
    "X 1-D": lambda m, y: m.fit(ROWS[:, 0], y),
    "X 3-D": lambda m, y: m.fit(ROWS[None], y),
    "no rows": lambda m, y: m.fit(ROWS[:0], None if y is None else y[:0]),
    "no columns": lambda m, y: m.fit(ROWS[:, :0], y),
    "fewer columns": lambda m, y: m.fit(ROWS, y).predict(ROWS[:, 1:]),
    "complex": lambda m, y: m.fit(ROWS + 1j, y),
    "text": lambda m, y: m.fit(ROWS.astype(str).astype(object) + "x", y),
    "weights too few": lambda m, y: m.fit(ROWS, y, sample_weight=np.ones(3)),
    "weights 2-D": lambda m, y: m.fit(ROWS, y, sample_weight=np.ones((80, 2))),
    "weights nan": lambda m, y: m.fit(ROWS, y, sample_weight=np.full(80, np.nan)),
    "weights 0": lambda m, y: m.fit(ROWS, y, sample_weight=np.zeros(80)),
    "y too short": lambda m, y: m.fit(ROWS, y[:-1]),
    "y None": lambda m, y: m.fit(ROWS, None),
    "y nan": lambda m, y: m.fit(ROWS, np.full(80, np.nan)),
    "y 3-D": lambda m, y: m.fit(ROWS, np.zeros((80, 2, 2))),
    "y one value": lambda m, y: m.fit(ROWS, np.ones(80)),
    "labels that are numbers": lambda m, y: m.fit(ROWS, ROWS[:, 0]),
}


def told(model, call, y):
    with warnings.catch_warnings(record=True) as noticed:
        warnings.simplefilter("always")
        try:
            call(model, y)
        except Exception as error:
            return type(error), str(error), {warning.category for warning in noticed}
    return None, "", {warning.category for warning in noticed}


ALIKE = 20  # letters of a message: what follows may name numbers


@each(*DROP_INS)
@pytest.mark.parametrize("what", BAD_CALLS)
def test_bad_data(case, what):
    if case.kind == "none" and what.startswith(("y", "labels")):
        pytest.skip("has no y")
    ours, theirs = (told(model, BAD_CALLS[what], case.y) for model in pair(case))
    if what == "y one value" and "class" in ours[1]:  # documented: RidgeClassifier fits it there
        return
    assert (ours[0] is None) == (theirs[0] is None), theirs
    if theirs[0] is not None:
        assert issubclass(ours[0], theirs[0])
        assert ours[1][:ALIKE] == theirs[1][:ALIKE]
    assert ours[2] == theirs[2]


@each(*DROP_INS)
def test_values_of_parameters(case):
    ours, theirs = pair(case)
    for name in ours.get_params():
        for value in (-1, 0, 0.5, 2, "none", "l2", "auto", None, True, {}, np.inf, np.nan, np.float32(0.5), [1.0]):
            results = []
            for model in (ours, theirs):
                fresh = clone(model).set_params(**{name: value})
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    try:
                        fresh._validate_params()
                    except (ValueError, TypeError) as error:
                        # what is allowed is a set, in an order that depends on PYTHONHASHSEED
                        results.append((type(error).__name__, sorted(re.findall(r"[^\s{},.]+", str(error)))))
                    else:
                        results.append(None)
            assert results[0] == results[1], (name, value)


@CALM
@each(*DROP_INS)
def test_a_column_of_labels(case):
    if case.kind in ("none", "several", "labels"):
        pytest.skip("y is no column")
    results = []
    for model in pair(case):
        with warnings.catch_warnings(record=True) as noticed:
            warnings.simplefilter("always")
            model.fit(ROWS, case.y[:, None])
        results.append(
            (DataConversionWarning in {w.category for w in noticed}, model.coef_.shape, model.predict(ROWS).shape)
        )
    assert results[0] == results[1]


# In the company of scikit-learn's tools.

ONE_OF_EACH = [case for case in DROP_INS if case.name != "SGDOneClassSVM" and case.kind not in ("several", "labels")]


def company(case, model):
    """Tools that take any such model, their parameters such that both have one answer."""
    if case.classes is None:
        yield (
            TransformedTargetRegressor(model, func=np.log1p, inverse_func=np.expm1) if case.kind == "counts" else model
        )
        yield MultiOutputRegressor(model)
        yield StackingRegressor([("one", model)], linear_model.LinearRegression(), cv=3)
        return
    yield OneVsRestClassifier(model)
    yield OneVsOneClassifier(model)
    yield CalibratedClassifierCV(model, cv=3, ensemble=False)
    yield StackingClassifier([("one", model)], linear_model.LogisticRegression(), cv=3)
    yield VotingClassifier([("one", model), ("two", clone(model))])


@CALM
@each(*ONE_OF_EACH)
def test_company(case):
    ours, theirs = pair(case)
    exact = exactly(case)
    if case.name == "RidgeClassifier":  # tools give the classes other names
        exact["class_weight"] = None
    for one, other in zip(
        company(case, ours.set_params(**exact)), company(case, theirs.set_params(**exact)), strict=True
    ):
        y = np.column_stack([case.y, case.y]) if isinstance(one, MultiOutputRegressor) else case.y
        if case.kind == "counts" and isinstance(one, TransformedTargetRegressor):
            y = case.y + 1.0
        for X in (ROWS, ROWS[:, :3]):
            a, b = one.fit(X, y).predict(X), other.fit(X, y).predict(X)
            if a.dtype.kind == "f":
                assert_allclose(a, b, rtol=1e-4, err_msg=type(one).__name__)
            else:
                assert_array_equal(a, b, err_msg=type(one).__name__)


@CALM
@each(*ONE_OF_EACH)
def test_pipelines_and_searches(case):
    name = "C" if case.name == "LogisticRegression" else "alpha"
    found = []
    for model in pair(case):
        model.set_params(**exactly(case))
        pipe = make_pipeline(StandardScaler(), model)
        search = GridSearchCV(pipe, {f"{case.name.lower()}__{name}": [0.01, 1.0]}, cv=3).fit(ROWS, case.y)
        scores = cross_val_score(pipe, ROWS, case.y, cv=3)
        found.append((search.cv_results_["mean_test_score"], scores, search.predict(ROWS)))
        sizes, *_ = learning_curve(pipe, ROWS, case.y, cv=3, train_sizes=[0.5, 1.0])
        assert len(sizes) == 2
    for one, other in zip(*found, strict=True):
        if one.dtype.kind == "f":
            assert_allclose(one, other, rtol=1e-4)
        else:
            assert_array_equal(one, other)


@CALM
@each(*ONE_OF_EACH)
def test_selection_of_columns(case):
    frames = pytest.importorskip("pandas")  # of the test extra
    X = frames.DataFrame(ROWS, columns=list("abcde"))
    chosen = []
    for model in pair(case):
        select = SelectFromModel(model).set_output(transform="pandas").fit(X, case.y)
        chosen.append((list(select.transform(X).columns), pytest.approx(select.threshold_, rel=0.05)))
    assert chosen[0] == chosen[1]
    rfe = [RFE(model, n_features_to_select=2).fit(ROWS, case.y).support_.tolist() for model in pair(case)]
    assert rfe[0] == rfe[1]


@CALM
@each(*ONE_OF_EACH)
def test_routing_of_weights(case):
    weights = np.linspace(0.1, 2.0, 80)
    found = []
    with config_context(enable_metadata_routing=True):
        for model in pair(case):
            model.set_params(**exactly(case)).set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
            search = GridSearchCV(model, {"fit_intercept": [True, False]}, cv=3)
            found.append(search.fit(ROWS, case.y, sample_weight=weights).cv_results_["mean_test_score"])
            Pipeline([("scale", StandardScaler().set_fit_request(sample_weight=True)), ("model", model)]).fit(
                ROWS, case.y, sample_weight=weights
            )
    assert_allclose(found[0], found[1], rtol=1e-3)


@CALM
@each(*(case for case in DROP_INS if hasattr(case.cls, "sparsify")))
def test_sparsify(case):
    ours, theirs = pair(case)
    for model in (ours, theirs):
        with pytest.raises(NotFittedError):
            model.sparsify()
        model.fit(ROWS, case.y)
        expected = model.predict(ROWS)
        assert model.sparsify() is model
        if expected.dtype.kind == "f":
            assert_allclose(model.predict(ROWS), expected)
        else:
            assert_array_equal(model.predict(ROWS), expected)
    assert type(ours.coef_) is type(theirs.coef_)
    assert ours.densify().coef_.shape == theirs.densify().coef_.shape


@CALM
@each(*(case for case in DROP_INS if "warm_start" in case.cls._get_param_names()))
def test_warm_start(case):
    ours, theirs = fitted_pair(case, warm_start=True)
    if not ("l1" in case.parameters.values() and case.name.startswith("SGD")):  # owes it still: documented
        assert_same_outputs(ours.fit(ROWS, case.y), theirs.fit(ROWS, case.y), rtol=1e-5)
