"""Which learner a model gets, and what it learns."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from sklearn.base import is_classifier, is_regressor
from sklearn.utils.multiclass import type_of_target

from gradstream.evaluation.learners.base import Learner, Terms
from gradstream.evaluation.learners.grouped import GroupedLearner
from gradstream.evaluation.learners.pipeline import LearningPipeline, TransformedLearner
from gradstream.evaluation.learners.progressive import ProgressiveLearner
from gradstream.evaluation.learners.single_rows import SingleRowLearner


def check_instance(model: Any) -> None:
    """Raise TypeError for a class, which has the methods of a model and no model to call them on."""
    if isinstance(model, type):
        raise TypeError(f"model is the class {model.__name__}: pass an instance of it, {model.__name__}().")


def learner_for(model: Any, terms: Terms) -> Learner:
    """Return the fastest learner that a model can have, or raise TypeError for a model that cannot learn row by row."""
    if hasattr(model, "progressive_fit"):
        return ProgressiveLearner(model, terms)
    if _is_pipeline(model):
        return _pipeline_learner(model, terms)
    if hasattr(model, "partial_fit") and hasattr(model, "predict"):
        return GroupedLearner(model, terms)
    if hasattr(model, "learn_one") and hasattr(model, "predict_one"):
        return SingleRowLearner(model, terms)
    raise TypeError(
        f"model is a {type(model).__name__}, which cannot learn row by row: it needs progressive_fit, partial_fit and "
        "predict, or learn_one and predict_one."
    )


def _pipeline_learner(model: Any, terms: Terms) -> Learner:
    pipeline = LearningPipeline(model)
    last = learner_for(pipeline.last_step, terms)  # raises where it cannot learn
    return GroupedLearner(pipeline, terms) if pipeline.learning else TransformedLearner(pipeline, last)


def _is_pipeline(model: Any) -> bool:
    module = sys.modules.get("sklearn.pipeline")  # a Pipeline cannot exist before
    return module is not None and isinstance(model, module.Pipeline)


def task_of(model: Any, y: Any, classes: Any) -> str:
    """Return "classification" or "regression": what the model says it does, else what the targets look like."""
    if _says(is_classifier, model) or _of_river("Classifier", model):
        return "classification"
    if _says(is_regressor, model) or _of_river("Regressor", model):
        return "regression"
    if classes is not None or hasattr(model, "predict_proba") or hasattr(model, "predict_proba_one"):
        return "classification"
    return "regression" if type_of_target(np.asarray(list(y))).startswith("continuous") else "classification"


def _says(question: Any, model: Any) -> bool:
    try:
        return bool(question(model))
    except (AttributeError, TypeError):  # not one of scikit-learn's estimators
        return False


def _of_river(kind: str, model: Any) -> bool:
    base = sys.modules.get("river.base")  # no model of river's exists before it is imported
    return base is not None and isinstance(model, getattr(base, kind))
