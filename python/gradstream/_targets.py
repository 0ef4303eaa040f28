"""y and the weights of rows as the losses of the core expect them: the part of the door that knows classes."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import assert_all_finite, column_or_1d
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.multiclass import check_classification_targets, unique_labels

from gradstream import _core
from gradstream._parameters import least_target, parameter_of
from gradstream._validation import reject_masked, rows_error

if TYPE_CHECKING:
    from gradstream._core import Float64


TOO_LARGE = "Input y contains infinity or a value too large for dtype('float64')."


@dataclass(eq=False, slots=True)
class Targets:
    """y (n,) float64: -1/+1 of two classes, the index of the class of more, or real. Weights include class weights."""

    y: Float64
    weights: Float64 | None
    classes: NDArray[Any] | None = None
    class_weights: Float64 | None = None  # (n_classes,), None without class_weight

    @property
    def columns(self) -> int:
        """Return K, the columns of margins."""
        return 1 if self.classes is None or len(self.classes) == 2 else len(self.classes)


def fit_labels(estimator: Any, y: Any, weights: Float64 | None, n_rows: int) -> Targets:
    """Check the labels of a fit; the classes are those in y, at least two of them with rows of positive weight."""
    targets, seen = counted_labels(estimator, y, weights, n_rows)
    left = seen > 0
    if left.sum() < 2:
        classes = targets.classes
        assert classes is not None
        kind = "classes" if left.all() else "classes of positive weight"
        names = ", ".join(map(repr, classes[left].tolist()))
        raise ValueError(f"The number of {kind} has to be greater than one; got {left.sum()} class ({names})")
    return targets


def counted_labels(estimator: Any, y: Any, weights: Float64 | None, n_rows: int) -> tuple[Targets, Float64]:
    """Check the labels of a fit; return targets and the weight of every class, which may be one class or weigh 0."""
    classes, codes = labels_and_codes(estimator, y, n_rows)
    seen = _weight_seen(codes, weights, len(classes))
    class_weights = _fit_class_weights(estimator.class_weight, classes, seen)
    targets = Targets(_signed(codes, classes), _weighted(weights, class_weights, codes), classes, class_weights)
    return targets, seen if class_weights is None else seen * class_weights


def _weight_seen(codes: NDArray[np.int32], weights: Float64 | None, n_classes: int) -> Float64:
    if weights is None and n_classes == 2:
        second = np.count_nonzero(codes)  # 5 times as fast as counting both
        return np.array([len(codes) - second, second], np.float64)
    return np.bincount(codes, weights, n_classes).astype(np.float64)


def labels_and_codes(estimator: Any, y: Any, n_rows: int) -> tuple[NDArray[Any], NDArray[np.int32]]:
    """Check labels; return the classes among them, sorted, and the class of every label."""
    pair = _core.two_classes(y) if _plain_column(y, n_rows) else None
    if pair is not None:
        return pair
    classes, codes = _classes_and_codes(_labels(estimator, y, n_rows))
    return classes, codes.astype(np.int32)


def chunk_codes(estimator: Any, y: Any, classes: NDArray[Any], n_rows: int) -> tuple[NDArray[Any], NDArray[np.int32]]:
    """Check the labels of one chunk; return them, and the class of every label."""
    known = _core.class_codes(y, classes) if _plain_column(y, n_rows) else None
    if known is not None:
        return y, known
    labels = _column(estimator, y, n_rows)
    return labels, encode(labels, classes).astype(np.int32)


def _plain_column(y: Any, n_rows: int) -> bool:
    """Say whether y is an exact array of so many elements."""
    return type(y) is np.ndarray and y.shape == (n_rows,)


def online_labels(estimator: Any, y: Any, weights: Float64 | None, classes: NDArray[Any], n_rows: int) -> Targets:
    """Check the labels of one chunk against the classes of the model."""
    signed = _core.encode_labels(y, classes)
    if signed is not None and len(signed) == n_rows and estimator.class_weight is None:
        return Targets(signed, weights, classes)
    codes = encode(_column(estimator, y, n_rows), classes)
    class_weights = online_class_weights(estimator, classes)
    return Targets(_signed(codes, classes), _weighted(weights, class_weights, codes), classes, class_weights)


def validation_labels(estimator: Any, y: Any, weights: Float64 | None, classes: NDArray[Any], n_rows: int) -> Targets:
    """Check labels that are scored and not learnt: class weights do not count."""
    return Targets(_signed(encode(_column(estimator, y, n_rows), classes), classes), weights, classes)


def online_classes(estimator: Any, classes: Any) -> NDArray[Any]:
    """Return the classes of the model: those given at the first call, which later calls may only repeat."""
    known = getattr(estimator, "classes_", None)
    if classes is not None and np.ndim(classes) != 1:
        raise ValueError(f"classes = {classes!r:.200}: a 1-D array of all labels is needed.")
    if known is not None:
        if classes is not None and not np.array_equal(known, unique_labels(classes)):
            raise ValueError(f"`classes={classes!r}` is not the same as on last call to partial_fit, was: {known!r}")
        return known
    if classes is None:
        raise ValueError("classes must be passed on the first call to partial_fit.")
    classes = unique_labels(classes)
    if len(classes) < 2:
        raise ValueError(f"The number of classes has to be greater than one; got {len(classes)} class")
    return classes


def encode(labels: NDArray[Any], classes: NDArray[Any]) -> NDArray[np.integer]:
    """Return the index in ``classes`` of every label, or raise ValueError for labels that are not there."""
    if len(classes) == 2 and labels.dtype.kind in "biuf" and classes.dtype.kind in "biuf":  # no search: 6 times as fast
        second = labels == classes[1]
        if (second | (labels == classes[0])).all():
            return second.view(np.int8)
    try:
        codes = np.minimum(np.searchsorted(classes, labels), len(classes) - 1)
    except TypeError:  # labels that do not compare with the classes: numbers and strings
        codes = np.zeros(len(labels), np.intp)
    unknown = np.asarray(classes[codes] != labels)
    if unknown.any():
        check_classification_targets(labels)
        rule, remedy = (
            f"This model knows the classes {classes!r}",
            "classes should include all valid labels that can be in y.",
        )
        raise rows_error(unknown, labels, rule, "y: other labels", remedy)
    return codes


def label_code(estimator: Any, y: Any, classes: NDArray[Any]) -> int:
    """Return the index in ``classes`` of the label of one row."""
    if np.ndim(y) != 0:
        raise ValueError(f"y = {y!r}: the label of one row is a single value.")
    return int(encode(_column(estimator, np.asarray([y]), 1), classes)[0])


def real_values(estimator: Any, y: Any, weights: Float64 | None, n_rows: int) -> Targets:
    """Check real targets, in the domain of the loss."""
    least = least_target(estimator.loss, parameter_of(estimator.loss, vars(estimator)))
    if _core.are_targets(y, least) and len(y) == n_rows:
        return Targets(y, weights)
    values = finite_reals(estimator, y, n_rows)
    if (values < least).any():
        rule, remedy = f"loss={estimator.loss!r} needs y >= 0", "Use loss='squared_error' for signed targets."
        if least == 0.0:
            raise rows_error(values < least, values, rule, "y: negative values", remedy)
        rule, remedy = rule.replace(">= 0", "> 0"), "Use loss='poisson', or 'tweedie' with power < 2, for zeros."
        raise rows_error(values < least, values, rule, "y: values that are not positive", remedy)
    return Targets(values, weights)


def finite_reals(estimator: Any, y: Any, n_rows: int) -> Float64:
    """Check real targets of any sign."""
    y = _column(estimator, y, n_rows)
    if y.dtype.kind in "mM":
        raise ValueError(
            f"y has dtype {y.dtype}: targets are real numbers. Say since when and in what: (y - y[0]) / unit."
        )
    if y.dtype.kind not in "fiub":
        y = _numbers(y)
    try:
        with np.errstate(over="raise"):
            return np.ascontiguousarray(y, np.float64)
    except FloatingPointError:
        raise ValueError(TOO_LARGE) from None


def _column(estimator: Any, y: Any, n_rows: int) -> NDArray[Any]:
    """Return y as a 1-D finite array, with scikit-learn's errors."""
    if y is None:
        raise ValueError(
            f"This {type(estimator).__name__} estimator requires y to be passed, but the target y is None."
        )
    if type(y) is not np.ndarray or y.ndim != 1:
        reject_masked("y", y)
        y = column_or_1d(y, warn=True)
    if y.dtype.kind == "O":
        y = np.array([np.nan if value is None else value for value in y], object)
    if not _surely_finite(y):
        assert_all_finite(y, estimator_name=type(estimator).__name__, input_name="y")
    if y.dtype.kind == "c":
        raise ValueError(f"Complex data not supported: y has dtype {y.dtype}.")
    if len(y) != n_rows:
        raise ValueError(f"Found input variables with inconsistent numbers of samples: {[n_rows, len(y)]}")
    return y


def _surely_finite(y: NDArray[Any]) -> bool:
    """Say so where it costs one sum; a sum that overflows is looked at again."""
    if y.dtype.kind in "iub":
        return True
    with np.errstate(over="ignore", invalid="ignore"):
        return bool(y.dtype.kind == "f" and np.isfinite(y.sum()))


def _numbers(y: NDArray[Any]) -> NDArray[np.float64]:
    try:
        return y.astype(np.float64)
    except OverflowError:
        raise ValueError(TOO_LARGE) from None
    except (TypeError, ValueError) as error:
        raise ValueError(f"y has dtype {y.dtype} and values that are not numbers: {error}.") from error


def _labels(estimator: Any, y: Any, n_rows: int) -> NDArray[Any]:
    y = _column(estimator, y, n_rows)
    if y.dtype.kind not in "iubU":
        check_classification_targets(y)
    return y


def _classes_and_codes(labels: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.intp]]:
    """``np.unique(labels, return_inverse=True)``, without sorting where labels are integers close together."""
    if labels.dtype.kind in "iu" and len(labels):
        low, high = int(labels.min()), int(labels.max())
        if high - low < len(labels):
            offsets = labels.astype(np.intp) - low
            present = np.flatnonzero(np.bincount(offsets))
            position = np.zeros(high - low + 1, np.intp)
            position[present] = np.arange(len(present))
            return (present + low).astype(labels.dtype), position[offsets]
    classes, codes = np.unique(labels, return_inverse=True)
    return classes, codes


def _signed(codes: NDArray[np.integer], classes: NDArray[Any]) -> Float64:
    y = codes.astype(np.float64)
    if len(classes) == 2:
        y *= 2.0
        y -= 1.0
    return y


def _weighted(weights: Float64 | None, class_weights: Float64 | None, codes: NDArray[np.integer]) -> Float64 | None:
    if class_weights is None:
        return weights
    per_row = class_weights[codes]
    return per_row if weights is None else weights * per_row


def _fit_class_weights(class_weight: Any, classes: NDArray[Any], seen: Float64) -> Float64 | None:
    """Return (n_classes,) weights; "balanced" gives every class the same total of class times sample weights."""
    if class_weight is None:
        return None
    if class_weight == "balanced":
        return seen.sum() / (len(classes) * np.where(seen > 0, seen, 1.0))
    return _named_class_weights(class_weight, classes)


def online_class_weights(estimator: Any, classes: NDArray[Any]) -> Float64 | None:
    """Return the weights of a chunk: "balanced" keeps those that `fit` computed, and cannot start without one."""
    if estimator.class_weight is None:
        return None
    if estimator.class_weight != "balanced":
        return _named_class_weights(estimator.class_weight, classes)
    fitted: Float64 | None = getattr(estimator, "_balanced_class_weights", None)
    if fitted is None:
        raise ValueError(
            "class_weight 'balanced' is not supported for partial_fit, which does not see all of y. "
            "Compute the weights with compute_class_weight('balanced', classes=classes, y=y) on a large sample, "
            "and pass them as a dictionary."
        )
    return fitted


def _named_class_weights(class_weight: dict[Any, float], classes: NDArray[Any]) -> Float64:
    """Return the weights of a dictionary, 1 where it has none."""
    wrong = {label: weight for label, weight in class_weight.items() if not _is_weight(weight)}
    if wrong:
        raise ValueError(f"class_weight needs weights >= 0, finite numbers, got {wrong}.")
    return np.asarray(compute_class_weight(class_weight, classes=classes, y=classes), np.float64)


def _is_weight(value: Any) -> bool:
    return isinstance(value, Real) and 0 <= float(value) < np.inf
