"""The only door: what users pass becomes what the core reads, or an error that says what, where and what is allowed.

Nothing is copied that the core can read in place: dense float32 and float64 arrays of any strides, CSR with 32 or 64
bit indices. Finiteness of X is checked by the core in the pass it makes anyway (`raise_for_status`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.utils import assert_all_finite, check_array
from sklearn.utils.validation import validate_data

from gradstream import _core
from gradstream.exceptions import DivergenceError

if TYPE_CHECKING:
    from gradstream._core import Float64, Rows, Status

FLOATS = (np.dtype(np.float64), np.dtype(np.float32))
INDICES = (np.dtype(np.int32), np.dtype(np.int64))
UNREAL = (str, bytes, np.datetime64, np.timedelta64, dict, set)
BLOCK_ELEMENTS = 1 << 20  # of rows that have to be converted: 8 MB of float64 at a time


@dataclass(eq=False, slots=True)
class CheckedRows:
    """Rows of X as the core reads them: a 2-D array, or (data, indices, indptr, n_features) of a CSR matrix."""

    data: Rows
    shape: tuple[int, int]
    dtype: np.dtype[Any]

    @property
    def layout(self) -> str:
        """Return the layout of a model that learns from these rows."""
        return "sparse" if isinstance(self.data, tuple) else "dense"

    def part(self, start: int, stop: int) -> CheckedRows:
        """Return rows [start, stop) without copying values."""
        stop = min(stop, self.shape[0])
        if isinstance(self.data, np.ndarray):
            return CheckedRows(self.data[start:stop], (stop - start, self.shape[1]), self.dtype)
        values, indices, indptr, n_features = self.data
        first, last = indptr[start], indptr[stop]
        rows = (values[first:last], indices[first:last], indptr[start : stop + 1] - first, n_features)
        return CheckedRows(rows, (stop - start, self.shape[1]), self.dtype)

    def matrix(self) -> Any:
        """Return the rows as NumPy or SciPy knows them, sharing memory."""
        if isinstance(self.data, np.ndarray):
            return self.data
        values, indices, indptr, _ = self.data
        return sp.csr_array((values, indices, indptr), shape=self.shape, copy=False)

    def owned(self) -> CheckedRows:
        """Return the rows in memory of their own."""
        if isinstance(self.data, np.ndarray):
            return CheckedRows(self.data.copy(), self.shape, self.dtype)
        values, indices, indptr, n_features = self.data
        return CheckedRows((values.copy(), indices.copy(), indptr.copy(), n_features), self.shape, self.dtype)

    def take(self, rows: Any) -> CheckedRows:
        """Return some rows: an index array, or a slice, which shares memory where rows are dense."""
        matrix = self.matrix()[rows]
        return CheckedRows(_csr_rows(matrix) if sp.issparse(matrix) else matrix, matrix.shape, self.dtype)

    def blocks(self, layout: str, dtype: np.dtype[Any]) -> Iterator[tuple[slice, Rows]]:
        """Yield (which rows, rows) in a layout and dtype: as they are in one piece, or converted block by block."""
        if layout == self.layout and dtype == self.dtype:
            yield slice(0, self.shape[0]), self.data
            return
        step = max(1, BLOCK_ELEMENTS // self.shape[1])
        for start in range(0, self.shape[0], step):
            part = self.part(start, start + step)
            matrix = _cast(part.matrix(), dtype)
            if layout == "dense":
                data = matrix.toarray() if sp.issparse(matrix) else matrix
            else:
                data = _csr_rows(sp.csr_array(matrix))
            yield slice(start, start + part.shape[0]), data


def _cast(values: Any, dtype: np.dtype[Any]) -> Any:
    """Return an array or a sparse matrix in the model's dtype, or raise ValueError for numbers that it cannot hold."""
    try:
        with np.errstate(over="raise"):
            return values.astype(dtype)
    except FloatingPointError:
        largest = np.nanmax(np.abs(values.data if sp.issparse(values) else values), initial=0.0)
        raise ValueError(
            f"X holds values as large as {largest:.3g}, and this model keeps the {dtype} of the first rows it learnt, "
            f"which ends at {np.finfo(dtype).max:.3g}. Scale the columns, or start a model with rows of float64."
        ) from None


def check_rows(estimator: Any, X: Any, *, reset: bool) -> CheckedRows:
    """Check X, and set (``reset``) or compare the estimator's number and names of features, as scikit-learn does."""
    if type(X) is np.ndarray and not reset and _is_ready(X, estimator):
        return CheckedRows(X, X.shape, X.dtype)
    if not (_plain(X) and _fits(estimator, X.shape, reset=reset)):
        reject_masked("X", X)
        if isinstance(X, np.ndarray) and X.dtype.kind in "mM":
            raise ValueError(
                f"X has dtype {X.dtype}: columns are real numbers. Say since when and in what: (X - start) / unit."
            )
        try:
            X = validate_data(
                estimator, X, reset=reset, accept_sparse="csr", accept_large_sparse=True, dtype=[np.float64, np.float32]
            )
        except OverflowError:  # of Python's integers
            raise ValueError("Input X contains a value too large for dtype('float64').") from None
    elif reset:
        estimator.n_features_in_ = X.shape[1]
    if sp.issparse(X):
        return _check_any_csr(_csr_rows(X))
    if not X.flags.aligned or any(stride % X.itemsize for stride in X.strides):  # a field of a packed record
        X = X.copy()
    return CheckedRows(np.asarray(X), X.shape, X.dtype)


def _is_ready(X: NDArray[Any], estimator: Any) -> bool:
    """Say whether X is what nearly every chunk is, in as few steps as Python needs for that."""
    flags, shape, known = X.flags, X.shape, vars(estimator)
    return (
        len(shape) == 2
        and shape[0] > 0
        and shape[1] == known.get("n_features_in_")
        and "feature_names_in_" not in known
        and X.dtype in FLOATS
        and flags.c_contiguous
        and flags.aligned
    )


def _plain(X: Any) -> bool:
    """Say whether X is an exact array or CSR matrix of floats: nothing for scikit-learn to convert, no names."""
    if type(X) is np.ndarray:
        return X.ndim == 2 and X.dtype in FLOATS
    return sp.issparse(X) and X.format == "csr" and X.ndim == 2 and X.dtype in FLOATS


def _fits(estimator: Any, shape: tuple[int, int], *, reset: bool) -> bool:
    """Say whether shape and feature names need none of scikit-learn's errors and warnings."""
    if hasattr(estimator, "feature_names_in_") or shape[0] < 1 or shape[1] < 1:
        return False
    return reset or bool(shape[1] == estimator.n_features_in_)


def _csr_rows(X: Any) -> Rows:
    """Return the core's tuple of a CSR matrix, arrays of one index type."""
    indices, indptr = X.indices, X.indptr
    if indices.dtype.kind not in "iu" or indptr.dtype.kind not in "iu":
        raise TypeError(
            f"X, a CSR matrix, has indices of dtype {indices.dtype} and {indptr.dtype}: integers are needed."
        )
    if indices.dtype != indptr.dtype or indices.dtype not in INDICES:
        indices, indptr = indices.astype(np.int64), indptr.astype(np.int64)
    return _contiguous(X.data), _contiguous(indices), _contiguous(indptr), int(X.shape[1])


def _contiguous(array: NDArray[Any]) -> NDArray[Any]:
    flags = array.flags
    return np.asarray(array) if flags.c_contiguous and flags.aligned else np.require(array, requirements=["C", "A"])


CSR_FAULTS = {
    "index_out_of_range": "a column index outside [0, {d}). X.check_format() finds what wrote it",
    "unsorted": "column indices that decrease. Call X.sort_indices() first",
    "duplicate": "a column index twice. Call X.sum_duplicates() first",
    "indptr": "row pointers that decrease or pass the end of the data. X.check_format() finds what wrote them",
}


def _check_any_csr(rows: Rows) -> CheckedRows:
    """Check a CSR matrix; its columns may come in any order, as those of text vectorizers do, and twice."""
    values, indices, indptr, n_features = rows
    if len(values) == len(indices):
        code = _core.check_csr(rows)[0]
        if code == "ok":
            return CheckedRows(rows, (len(indptr) - 1, n_features), values.dtype)
        if code in ("unsorted", "duplicate"):  # row pointers are sound, then: they are looked at first
            rows = _in_order(rows)
    return check_csr(rows)


def _in_order(rows: Rows) -> Rows:
    """Return rows in memory of their own, columns in order; entries of one place become one, as in SciPy."""
    values, indices, indptr, n_features = rows
    matrix = sp.csr_array((values, indices, indptr), shape=(len(indptr) - 1, n_features), copy=True)
    matrix.sum_duplicates()
    return _csr_rows(matrix)


def check_csr(rows: Rows) -> CheckedRows:
    """Raise ValueError for a CSR matrix that is not in canonical form, naming the row."""
    values, indices, indptr, n_features = rows
    shape = (len(indptr) - 1, n_features)
    if len(values) != len(indices):
        raise ValueError(
            f"X holds {len(values)} values and {len(indices)} column indices: CSR needs one index per value."
        )
    code, row = _core.check_csr(rows)
    if code != "ok":
        raise ValueError(f"X, a CSR matrix of shape {shape}, has in row {row} {CSR_FAULTS[code].format(d=n_features)}.")
    return CheckedRows(rows, shape, values.dtype)


def check_row(estimator: Any, x: Any, dtype: np.dtype[Any]) -> CheckedRows:
    """Check one row: a 1-D array of n_features_in_ values, or a pair (indices, values) of the ones that are not 0."""
    n_features = estimator.n_features_in_
    if isinstance(x, tuple):
        if len(x) != 2:
            raise ValueError(
                f"x is a tuple of {len(x)}: a row is an array of {n_features} values, or a pair (indices, values)."
            )
        for part in x:
            reject_masked("x", part)
        indices, values = (np.asarray(part) for part in x)
        if indices.ndim != 1 or indices.shape != values.shape or (indices.size and indices.dtype.kind not in "iu"):
            raise ValueError(
                "x = (indices, values) needs two 1-D arrays of one length, indices of integers; got shapes "
                f"{indices.shape} and {values.shape}, dtype {indices.dtype}."
            )
        values = _real_row(values, dtype)
        indptr = np.array([0, len(values)], np.int64)
        return check_csr((values, np.ascontiguousarray(indices, np.int64), indptr, n_features))
    if type(x) is not np.ndarray or x.dtype not in FLOATS:
        x = _real_row(x, dtype)
    if x.shape != (n_features,):
        raise ValueError(
            f"x has shape {x.shape}, but {type(estimator).__name__} is expecting one row of shape ({n_features},)."
        )
    if not x.flags.aligned:  # a field of a packed record
        x = x.copy()
    return CheckedRows(x[None, :], (1, n_features), x.dtype)


def _real_row(x: Any, dtype: np.dtype[Any]) -> NDArray[Any]:
    return np.ascontiguousarray(_cast(_real_values(x), dtype))


def _real_values(x: Any) -> NDArray[Any]:
    if sp.issparse(x):
        raise TypeError("x is a sparse matrix: pass a row of it as the pair (row.indices, row.data).")
    reject_masked("x", x)
    x = np.asarray(x)
    if x.dtype.kind not in "fiub":
        raise TypeError(f"x has dtype {x.dtype}: a row needs real numbers.")
    return x


def first_row(x: Any) -> NDArray[Any]:
    """Return the row (1, d) of a model that knows of no columns yet."""
    if isinstance(x, tuple):
        raise ValueError("The number of features is not known yet: call fit or partial_fit before learn_one(pair).")
    row = _real_values(x)
    if row.ndim != 1:
        raise ValueError(f"x has shape {row.shape}: one row is a 1-D array.")
    return row[None, :]


def reject_masked(name: str, array: Any) -> None:
    """Raise ValueError for masked elements: NumPy would read what lies behind the mask."""
    if isinstance(array, np.ma.MaskedArray) and np.ma.is_masked(array):
        raise ValueError(
            f"{name} is a masked array with {int(np.sum(array.mask))} masked elements, which have no values. "
            f"Fill them in ({name}.filled(0.0)), or leave their rows out."
        )


def _reject_unreal(name: str, array: Any) -> None:
    """Raise ValueError for strings, dates and what else is no number but could be read as one."""
    values = array if hasattr(array, "dtype") else np.asarray(array)
    kind = values.dtype.kind
    odd = next((value for value in np.ravel(values) if isinstance(value, UNREAL)), None) if kind == "O" else None
    if kind in "SUmM" or odd is not None:
        found = f"has dtype {values.dtype}" if odd is None else f"holds {odd!r:.200}"
        raise ValueError(f"{name} {found}: real numbers are needed.")


def check_signed_weight(sample_weight: Any, n_rows: int) -> Float64 | None:
    """Return float64 weights (n,), or None for a weight of 1 each. Zeros and negative weights are allowed."""
    if sample_weight is None:
        return None
    if np.isscalar(sample_weight):
        sample_weight = np.full(n_rows, sample_weight)
    reject_masked("sample_weight", sample_weight)
    _reject_unreal("sample_weight", sample_weight)
    try:
        weights = check_array(
            sample_weight, accept_sparse=False, ensure_2d=False, dtype=np.float64, order="C", input_name="sample_weight"
        )
    except OverflowError:
        raise ValueError("sample_weight holds a number too large for dtype('float64').") from None
    if weights.ndim != 1:
        raise ValueError(
            f"Sample weights must be 1D array or scalar, got {weights.ndim}D array. "
            f"Expected either a scalar value or a 1D array of length {n_rows}."
        )
    if weights.shape != (n_rows,):
        raise ValueError(f"sample_weight.shape == {weights.shape}, expected {(n_rows,)}!")
    return weights


def check_sample_weight(sample_weight: Any, n_rows: int) -> Float64 | None:
    """Return float64 weights (n,), or None for a weight of 1 each. Zeros are allowed, negative weights are not."""
    weights = check_signed_weight(sample_weight, n_rows)
    if weights is None:
        return None
    negative = weights < 0
    if negative.any():
        remedy = "A weight of 0 leaves a row out."
        raise rows_error(negative, weights, "Weights must be >= 0", "sample_weight: negative values", remedy)
    return weights


def check_weight_left(weights: Float64 | None, what: str = "Sample weights") -> None:
    """Raise ValueError when all rows are left out."""
    if weights is not None and not weights.any():
        raise ValueError(f"{what} must contain at least one non-zero number.")


def rows_error(mask: NDArray[Any], values: NDArray[Any], rule: str, found: str, remedy: str) -> ValueError:
    """Return the error about marked rows of an array: the rule, how many break it and the first of them, what to do.

    ``found`` names the array and what was found in it: "y: negative values".
    """
    first = int(np.argmax(mask))
    name, fault = found.split(": ")
    value = values[first : first + 1].tolist()[0]
    return ValueError(
        f"{rule}, but {name} has {int(mask.sum())} {fault} (first: {name}[{first}] = {value!r:.200}). {remedy}"
    )


RESCALE = "Rescale the columns of X, or the targets, or let standardize=True bring the columns to one scale."
LOWER_RATE = "Lower learning_rate, or let standardize=True bring the columns of X to one scale."


def raise_for_status(owner: str, status: Status, X: CheckedRows | None, where: str, remedy: str = LOWER_RATE) -> None:
    """Raise for an answer of the core that is not "ok": X holds NaN or infinity, or the model diverged.

    ``owner`` is the estimator's class, ``where`` the step and the rate in words.
    """
    code, row = status
    if code == "ok":
        return
    if X is not None:
        assert_finite(owner, X)
    place = f"row {row} of X, " if row >= 0 else ""
    raise DivergenceError(
        f"{owner} diverged: a value became infinite or NaN at {place}{where}. {remedy} "
        "The state before this call was kept."
    )


def assert_finite(owner: str, X: CheckedRows) -> None:
    """Raise scikit-learn's ValueError if X holds NaN or infinity."""
    values = X.data if isinstance(X.data, np.ndarray) else X.data[0]
    assert_all_finite(values, estimator_name=owner, input_name="X")
