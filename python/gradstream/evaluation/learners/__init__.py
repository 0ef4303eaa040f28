"""One face for everything that learns row by row: rows in, predictions made before each row out."""

from gradstream.evaluation.learners.base import Learner, Terms
from gradstream.evaluation.learners.choose import check_instance, learner_for, task_of

__all__ = ["Learner", "Terms", "check_instance", "learner_for", "task_of"]
