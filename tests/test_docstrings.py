"""Every public name is documented as numpydoc wants it, its parameters are those of the signature, its examples run."""

import ast
import dataclasses
import doctest
import inspect
import re

import pytest
from numpydoc.docscrape import NumpyDocString

import gradstream
from gradstream import LinearClassifier, LinearRegressor, evaluation, exceptions, linear_model, load, optim
from gradstream.estimators.frozen import FrozenClassifier, FrozenRegressor

DROP_INS = [getattr(linear_model, name) for name in linear_model.__all__]
CLASSES = [
    LinearClassifier,
    LinearRegressor,
    evaluation.ProgressiveDisplay,
    evaluation.ProgressiveReport,
    FrozenClassifier,
    FrozenRegressor,
    *DROP_INS,
    exceptions.DivergenceError,
    exceptions.SavedFileError,
    *(getattr(optim, name) for name in optim.__all__ if isinstance(getattr(optim, name), type)),
]
PUBLIC = CLASSES[: 6 + len(DROP_INS)]  # whose methods users call
RETURN_NOTHING = {"export", "learn_one", "save"}
CANNOT_FAIL = {"summary"}  # methods that have nothing to raise
SECTIONS = ["Parameters", "Attributes", "Returns", "Raises", "See Also", "Notes", "References", "Examples"]


def ours(member):
    return inspect.isfunction(member) and member.__module__.startswith("gradstream.")


def public_methods():
    yield pytest.param(evaluation.progressive_validate, id="progressive_validate")
    yield pytest.param(load, id="load")
    for cls in PUBLIC:
        for name in dir(cls):
            member = inspect.getattr_static(cls, name)
            member = getattr(member, "fn", member)  # behind available_if
            member = getattr(member, "__func__", member)  # behind classmethod
            if not name.startswith("_") and ours(inspect.unwrap(member) if callable(member) else member):
                yield pytest.param(inspect.unwrap(member), id=f"{cls.__name__}.{name}")


METHODS = list(public_methods())


def documented(function):
    return NumpyDocString(inspect.getdoc(function))


def names(entries):
    return [name.strip() for entry in entries for name in entry.name.lstrip("*").split(",")]


def arguments(function):
    return [name for name in inspect.signature(function).parameters if name not in ("self", "cls")]


def test_there_is_something_to_test():
    assert len(METHODS) > 20
    assert set(gradstream.__all__) <= {"LinearClassifier", "LinearRegressor", "__version__", "load", "show_versions"}


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_classes(cls):
    page = documented(cls)
    assert page["Summary"]
    assert page["Summary"][0].endswith(".")
    if dataclasses.is_dataclass(cls):  # a result: nobody calls its constructor
        told = {field.name for field in dataclasses.fields(cls)} | {
            name for name in dir(cls) if isinstance(getattr(cls, name, None), property)
        }
        assert told == set(names(page["Attributes"]))
    elif inspect.isfunction(cls.__init__):
        assert names(page["Parameters"]) == arguments(cls.__init__)
        for entry in page["Parameters"]:
            default = inspect.signature(cls).parameters[entry.name].default
            if default is inspect.Parameter.empty:
                continue
            written = re.search(r"default=(.+)$", entry.type)
            assert written, f"{entry.name}: no default in {entry.type!r}"
            assert ast.literal_eval(written[1]) == default, entry.name
    if cls not in (optim.Optimizer, optim.Schedule):
        assert page["Examples"], "no example"


@pytest.mark.parametrize("function", METHODS)
def test_methods(function):
    page = documented(function)
    assert page["Summary"]
    assert page["Summary"][0].endswith(".")
    assert names(page["Parameters"]) == arguments(function)
    assert all(entry.type and entry.desc for entry in page["Parameters"])
    assert bool(page["Returns"]) == (function.__name__ not in RETURN_NOTHING)
    assert page["Raises"] or function.__name__ in CANNOT_FAIL


@pytest.mark.parametrize("cls", [LinearClassifier, LinearRegressor, *DROP_INS])
def test_attributes_are_documented(cls):
    page = documented(cls)
    properties = {
        name for name in dir(cls) if re.fullmatch("[a-z].*_", name) and isinstance(getattr(cls, name), property)
    }
    annotated = {name for base in cls.__mro__ for name in vars(base).get("__annotations__", {}) if name.endswith("_")}
    if "early_stopping" not in inspect.signature(cls).parameters:  # then nothing is scored while it fits
        annotated -= {"validation_scores_"}
    assert properties | annotated <= set(names(page["Attributes"]))


@pytest.mark.parametrize("function", [*METHODS, *CLASSES])
def test_sections_come_in_numpydoc_order(function):
    headers = re.findall(r"^(\w[\w ]+)\n-+$", inspect.getdoc(function), re.MULTILINE)
    assert headers == sorted(headers, key=SECTIONS.index)


@pytest.mark.parametrize(
    "name",
    [
        "gradstream._versions",
        "gradstream.estimators.classifier",
        "gradstream.estimators.frozen",
        "gradstream.estimators.regressor",
        "gradstream.evaluation.display",
        "gradstream.evaluation.report",
        "gradstream.evaluation.validate",
        "gradstream.exceptions",
        "gradstream.linear_model.gamma_regressor",
        "gradstream.linear_model.logistic_regression",
        "gradstream.linear_model.perceptron",
        "gradstream.linear_model.poisson_regressor",
        "gradstream.linear_model.ridge",
        "gradstream.linear_model.ridge_classifier",
        "gradstream.linear_model.sgd_classifier",
        "gradstream.linear_model.sgd_one_class",
        "gradstream.linear_model.sgd_regressor",
        "gradstream.linear_model.tweedie_regressor",
        "gradstream.optim.optimizers",
        "gradstream.optim.schedules",
        "gradstream.persistence.files",
    ],
)
def test_examples_run(name):
    module = __import__(name, fromlist=["*"])
    result = doctest.testmod(module, optionflags=doctest.ELLIPSIS)
    assert result.attempted > 0
    assert result.failed == 0
