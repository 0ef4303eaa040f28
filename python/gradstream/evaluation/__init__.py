"""How good a model is while it learns: every row is predicted, scored, and then learnt.

One call for anything that learns row by row: gradstream's estimators, scikit-learn's with ``partial_fit``, pipelines of
such, and river's models.
"""

from gradstream.evaluation.display import ProgressiveDisplay
from gradstream.evaluation.metrics import METRICS
from gradstream.evaluation.report import ProgressiveReport
from gradstream.evaluation.validate import progressive_validate

__all__ = ["METRICS", "ProgressiveDisplay", "ProgressiveReport", "progressive_validate"]
