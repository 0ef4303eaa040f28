"""y with a column for every label, of which a row has any number: what RidgeClassifier makes of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils.class_weight import compute_sample_weight

from gradstream._targets import Targets
from gradstream._validation import check_rows, check_sample_weight, check_weight_left
from gradstream.linear_model._drop_in import Rows

if TYPE_CHECKING:
    from gradstream._core import Float64


@dataclass(frozen=True, eq=False)
class LabelledRows(Rows):
    """Rows with several labels; ``container`` is what predictions come in, as y came: "dense" or "sparse"."""

    container: str = "dense"


def has_several_labels(y: Any) -> bool:
    """Say whether y has a column for every label."""
    try:
        shape = y.shape if hasattr(y, "shape") else np.asarray(y).shape
    except ValueError:  # rows of unequal length, which scikit-learn has the words for
        return False
    return len(shape) == 2 and shape[1] > 1


def binarizer(n_labels: int, container: str) -> LabelBinarizer:
    """Return scikit-learn's, fitted to so many labels."""
    each: Any = np.eye(n_labels, dtype=int)
    return LabelBinarizer(pos_label=1, neg_label=-1).fit(sp.csr_array(each) if container == "sparse" else each)


def signed(y: Any, n_rows: int) -> Float64:
    """Return (n, L) of -1 and +1, or raise ValueError in scikit-learn's words where y has other values."""
    columns = np.asarray(LabelBinarizer(pos_label=1, neg_label=-1).fit_transform(y), np.float64)
    if len(columns) != n_rows:
        raise ValueError(f"Found input variables with inconsistent numbers of samples: {[n_rows, len(columns)]}")
    return columns


def labelled_rows(estimator: Any, X: Any, y: Any, sample_weight: Any) -> LabelledRows:
    """Return the rows of a fit, a target for every label; classes are the numbers of the columns."""
    rows = check_rows(estimator, X, reset=True)
    weights = check_sample_weight(sample_weight, rows.shape[0])
    check_weight_left(weights)
    Y = signed(y, rows.shape[0])
    if estimator.class_weight is not None:
        of_classes = compute_sample_weight(estimator.class_weight, y)
        weights = of_classes if weights is None else weights * of_classes
    classes = np.arange(Y.shape[1])
    columns = tuple(Targets(np.ascontiguousarray(column), weights) for column in Y.T)
    weight = float(len(Y)) if weights is None else float(weights.sum())
    targets = Targets(columns[0].y, weights, classes)
    return LabelledRows(rows, targets, weight, columns, flat=False, container="sparse" if sp.issparse(y) else "dense")


def labels_of(margins: NDArray[Any], container: str) -> Any:
    """Return (n, L) of 0 and 1, in the container that y came in."""
    labels = (margins > 0).astype(int)
    return (
        binarizer(labels.shape[1], container).inverse_transform(2.0 * labels - 1.0) if container == "sparse" else labels
    )
