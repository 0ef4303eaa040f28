"""Typed stub of the compiled core.

X is a 2-D float32/float64 array (any strides) or a CSR tuple (data, indices, indptr, n_features).
"""

from collections.abc import Callable
from typing import Any, TypedDict

import numpy as np
from numpy.typing import NDArray

Float64 = NDArray[np.float64]
Rows = NDArray[Any] | tuple[NDArray[Any], NDArray[Any], NDArray[Any], int]
Status = tuple[str, int]  # ("ok" | "non_finite" | "interrupted" ...: cpp/core/status.hpp, row it happened at or -1)

class Spec(TypedDict):
    loss: str
    loss_parameter: float  # huber: epsilon; tweedie: power; others ignore it
    columns: int  # K
    l1: float
    l2: float
    fit_intercept: bool
    standardize: str  # "none" | "scale" | "center_scale"; "root_mean_square" for a sparse Bank
    optimizer: str  # "sgd" | "momentum" | "adagrad" | "adam"; "bank" for Bank
    momentum: float
    beta_1: float
    beta_2: float
    epsilon: float
    initial_accumulator: float
    schedule: str  # "constant" | "invscaling" | "inverse_time" | "optimal"
    eta0: float
    power_t: float
    decay: float
    alpha: float
    batch_size: int
    share: float  # the bank's; others ignore it

class Learner:
    """Streaming and mini-batch learning on arrays it borrows.

    arrays: table   dense layout (1+slots, d, K); sparse layout (d, record_width(spec, itemsize)): W[K], slots[K]...,
                    then raw float64 bits: clock where features pay a penalty one by one, step where slots decay;
                    dtype of the data.
                    Zeros mean: nothing learnt, nothing pending (fill through `set_planes`, which also sets the times)
            bias    (1+slots, K) float64
            mean, m2, seen  (d,) float64, or (0,) when standardize is "none" ("seen" only for the sparse layout)
            counters (8,) float64: t, steps, clock, weight, n_samples_seen, block_rows, block_weight, epoch
            block   float64 sums of an unfinished block, (0,) when batch_size is 1, else (block_size(spec, d),)
    """

    def __init__(self, spec: Spec, arrays: dict[str, NDArray[Any]]) -> None: ...
    def learn(
        self, X: Rows, y: Float64, sample_weight: Float64 | None, report: Float64 | None, n_threads: int
    ) -> Status: ...
    # rows from `first` on are reported; after the i-th of them, rows up to i + shift are learnt. Not ok: some have been
    def learn_delayed(
        self, X: Rows, y: Float64, sample_weight: Float64 | None, report: Float64, first: int, shift: int
    ) -> Status: ...
    def epoch(
        self, X: Rows, y: Float64, sample_weight: Float64 | None, seed: int, epoch: int, shuffle: bool, n_threads: int
    ) -> tuple[Status, float]: ...
    def flush(self) -> Status: ...
    def report(self, X: Rows, out: Float64, n_threads: int) -> Status: ...
    def linear(self) -> tuple[Float64, Float64]: ...
    # (1+slots, d, K): standardised weights, then slots; pending penalties and decays applied
    def planes(self) -> Float64: ...
    def set_planes(self, planes: Float64) -> None: ...  # the same shape; settled as of the counters
    def one_row(self, values: dict[Any, tuple[float, float]]) -> OneRow: ...

class Bank:
    """The untuned learner, one row at a time, on arrays it borrows; methods as those of Learner.

    arrays: table    dense layout (9, d, K): weights of 8 lanes, AdaGrad's accumulator; sparse layout (d, 0)
            records  sparse layout (capacity, bank_record_width(K)) float32, a record per feature met, else (0, 0)
            places   sparse layout (d,) int32: 1 + the feature's record, 0 before its first row, else (0,)
            bias     (9, K) float64
            mean, m2, seen, counters  as those of Learner
            experts  (18,) float64: 8 weights of lanes, norm, target_mean, target_m2, residual, mixture_loss, woken,
                     features, counted, adagrad_clock, evidence (the mixture's loss is mixture_loss - log(evidence))
    """

    def __init__(self, spec: Spec, arrays: dict[str, NDArray[Any]]) -> None: ...
    # ("full", n): make room for n records and call again; nothing has changed
    def learn(
        self, X: Rows, y: Float64, sample_weight: Float64 | None, report: Float64 | None, n_threads: int
    ) -> Status: ...
    # rows from `first` on are reported; after the i-th of them, rows up to i + shift are learnt. Not ok: some have been
    def learn_delayed(
        self, X: Rows, y: Float64, sample_weight: Float64 | None, report: Float64, first: int, shift: int
    ) -> Status: ...
    def one_row(self, values: dict[Any, tuple[float, float]]) -> OneRow: ...
    def flush(self) -> Status: ...
    def report(self, X: Rows, out: Float64, n_threads: int) -> Status: ...
    def linear(self) -> tuple[Float64, Float64]: ...
    def planes(self) -> Float64: ...  # (9, d, K)
    def set_planes(self, planes: Float64) -> Status: ...  # "full" as above
    # sparse: weight and mean square (2, d) of features' values so far; records change to the units set
    def units(self) -> Float64: ...
    def set_units(self, weight: Float64, mean_square: Float64) -> None: ...

class OneRow:
    """Single rows of a handle, read in place: arrays (d,) of a dense state, pairs (indices, values) of a sparse one.

    False or None: not such a row, a label that ``values`` (label -> (target, weight)) does not have, or not finite;
    nothing has happened, take the long way, which says what is wrong.
    """

    def learn(self, x: Any, y: Any, sample_weight: Any, /) -> bool: ...
    def margin(self, x: Any, /) -> float | None: ...  # the first column
    def margins(self, x: Any, /) -> Float64 | None: ...  # (1, K)
    def code(self, x: Any, /) -> int | None: ...  # of one column 1 where the margin is positive, else the largest
    def sigmoid(self, x: Any, /) -> Float64 | None: ...  # (2,) of one column
    def open(self, turn: Turn, /) -> None: ...  # before that, and after close, learn answers False
    def close(self) -> None: ...

class Turn:
    """The right to change an estimator, for a ``with`` statement; RuntimeError where it is taken."""

    def __init__(self, owner: str) -> None: ...
    def __enter__(self) -> None: ...
    def __exit__(self, *error: object) -> None: ...
    @property
    def taken(self) -> bool: ...

class SgdRule(TypedDict):
    loss: str
    epsilon: float
    learning_rate: str  # "constant" | "optimal" | "invscaling" | "adaptive" | "pa1" | "pa2"
    eta0: float
    power_t: float
    alpha: float
    l1_ratio: float  # as it acts: 0 for l2, 1 for l1
    shrinks: bool  # l2 or elasticnet
    truncates: bool  # l1 or elasticnet
    fit_intercept: bool
    one_class: bool
    average: float  # first step that is averaged; 0: none
    tol: float  # minus infinity: never stop
    n_iter_no_change: int
    shuffle: bool

class SklearnSgd:
    """scikit-learn's stochastic gradient descent on arrays it borrows for a call.

    rows:  codes (n,) int32 or y (n,) float64; weight (n,) float64; listed (m,) uint32: rows that count; held_out (n,)
           uint8: rows for validation; seeds (K,) uint32; weight_positive, weight_negative (K,) float64. None or absent:
           not needed
    state: coef (K, d) float32 or float64; averaged like coef; paid (K, d) float64; scalars (K, 6) float64: intercept,
           averaged intercept, l1 penalty owed, eta / eta0, best objective, epochs without a better one; t float
    The answer is (code, n_iter) of every column; arrays have changed only if all codes are "ok".
    """

    def __init__(self, rule: SgdRule) -> None: ...
    def learn(
        self,
        X: Rows,
        rows: dict[str, Any],
        state: dict[str, Any],
        max_iter: int,
        n_threads: int,
        listener: Callable[[dict[str, Any]], None] | None,
    ) -> list[Status]: ...

class SklearnSgdHeld:
    """The arrays of a model (progress: the last four scalars), for dense chunks that need none of Python's checks."""

    def __init__(
        self,
        engine: SklearnSgd,
        coef: NDArray[Any],
        intercept: Float64,
        progress: Float64,
        paid: Float64 | None,
        classes: NDArray[Any] | None,
    ) -> None: ...
    # rows learnt; 0: nothing has happened, take the long way
    def partial_fit(self, X: Any, y: Any, seeds: NDArray[np.uint32], t: float, n_threads: int) -> int: ...

class BatchResult(TypedDict):
    coef: Float64  # (d, K), standardised coordinates
    intercept: Float64
    objective: float
    optimality: float
    n_iter: int
    status: str  # "converged" | "max_iter" | "no_progress" | "non_finite"
    loss_curve: list[float]
    solver: str  # that was taken: what "auto" was

def loss_gradient(
    X: Rows,
    y: Float64,
    sample_weight: Float64 | None,
    spec: Spec,
    coef: Float64,
    center: Float64 | None,
    intercept: Float64,
    n_threads: int,
) -> tuple[float, Float64, Float64]: ...
def full_batch(
    X: Rows,
    y: Float64,
    sample_weight: Float64 | None,
    spec: Spec,
    center: Float64 | None,
    scale: Float64 | None,
    coef_init: Float64 | None,
    intercept_init: Float64 | None,
    solver: str,
    tol: float,
    max_iter: int,
    seed: int,
    n_threads: int,
    on_iteration: Callable[[int, float, float], bool] | None,
) -> BatchResult: ...
def hessian_product(
    X: Rows,
    y: Float64,
    sample_weight: Float64 | None,
    spec: Spec,
    center: Float64 | None,
    scale: Float64 | None,
    coef: Float64,
    intercept: Float64,
    direction: Float64,
    direction_intercept: Float64,
    n_threads: int,
) -> tuple[Float64, Float64]: ...  # the product and the diagonal, ((d + 1) K,): coefficients (d, K), then intercepts
def moments(X: Rows, sample_weight: Float64 | None, n_threads: int) -> tuple[Float64, Float64, float]: ...

# weight, mean (d + m,), products (d, d), cross (d, m) and squares (m,) of deviations, whether all is finite
def gram_sums(
    X: Rows, y: Float64, sample_weight: Float64 | None, n_threads: int
) -> tuple[float, Float64, Float64, Float64, Float64, bool]: ...
def gram_sums_ns(n: int, d: int, targets: int, stored: int) -> float: ...

# coef (d, m), intercept, objective and optimality (m,), least share of a diagonal element in the factor
def least_squares(
    weight: float,
    mean: Float64,
    products: Float64,
    cross: Float64,
    squares: Float64,
    scale: Float64 | None,
    l2: Float64,
    fit_intercept: bool,
) -> tuple[Float64, Float64, Float64, Float64, float]: ...

# y (n, m) and l2 (m,): coef (d, m) in units of scale; the rest (m,), of all targets the last two
class JointResult(TypedDict):
    coef: Float64
    intercept: Float64
    objective: Float64
    optimality: Float64
    n_iter: list[int]
    status: str
    loss_curve: list[float]

def joint_squares(
    X: Rows,
    y: Float64,
    sample_weight: Float64 | None,
    scale: Float64 | None,
    l2: Float64,
    fit_intercept: bool,
    tol: float,
    max_iter: int,
    n_threads: int,
    on_iteration: Callable[[int, float, float], bool] | None,
) -> JointResult: ...
def inverse_deviation(mean: Float64, m2: Float64, weight: float) -> Float64: ...
def squared_gradients(
    X: Rows,
    y: Float64,
    sample_weight: Float64 | None,
    spec: Spec,
    coef: Float64,
    center: Float64 | None,
    scale: Float64 | None,
    intercept: Float64,
    n_threads: int,
) -> tuple[Float64, Float64]: ...

# CSR rows: weight (d,) of the values stored, and their mean square
def stored_squares(X: Rows, sample_weight: Float64 | None) -> tuple[Float64, Float64]: ...
def record_width(spec: Spec, itemsize: int) -> int: ...
def bank_record_width(columns: int) -> int: ...
def bank_lanes() -> list[dict[str, Any]]: ...  # optimizer, rate
def block_size(spec: Spec, n_features: int) -> int: ...

# -1/+1 of two sorted classes, the index of more; None where y is no plain array of numbers, or holds another label
def encode_labels(y: Any, classes: NDArray[Any]) -> Float64 | None: ...
def are_targets(
    y: Any, least: float
) -> bool: ...  # whether y is a contiguous float64 array of finite numbers that are not below `least`
def sklearn_sgd_names() -> tuple[list[str], list[str]]: ...  # losses, learning rates

# None where y is not a plain array of numbers, or has other labels: the long way says what is wrong
def two_classes(y: Any) -> tuple[NDArray[Any], NDArray[np.int32]] | None: ...
def class_codes(y: Any, classes: NDArray[Any]) -> NDArray[np.int32] | None: ...

# None when a margin is not finite
def linear_margins(X: Rows, coef: Float64, intercept: Float64, n_threads: int) -> Float64 | None: ...

# None for classes that are no numbers
def labels_of_margins(margins: Float64, classes: NDArray[Any], n_threads: int) -> NDArray[Any] | None: ...
def check_csr(X: Rows) -> Status: ...
def check_finite(X: Rows) -> Status: ...
def permutation(n: int, seed: int, epoch: int) -> NDArray[np.int64]: ...
def losses() -> list[dict[str, Any]]: ...
def penalties() -> list[dict[str, Any]]: ...
def optimizers() -> list[dict[str, Any]]: ...
def schedules() -> list[dict[str, Any]]: ...
def loss_rows(loss: str, parameter: float, z: Float64, y: Float64) -> tuple[Float64, Float64]: ...
def invariant_steps(loss: str, parameter: float, z: Float64, y: Float64, h: Float64, q: Float64) -> Float64: ...
def penalty_flow(w: Float64, tau: Float64, l1: float, l2: float) -> Float64: ...
def schedule_rates(spec: Spec, t: Float64, epoch: float) -> Float64: ...
def isa() -> str: ...
def available_isas() -> list[str]: ...
def use_isa(name: str) -> None: ...
def max_threads() -> int: ...
def build_info() -> dict[str, str]: ...
def label_baselines(
    y: NDArray[Any],  # (n,) int8 or int64: codes of classes
    weight: Float64 | None,
    state: Float64,  # (4 + n_classes,): seen, repeats, followers, last label (-1: none), weight of each class; changed
    majority: tuple[Any, ...],  # labels (n,) of y's dtype, truth (n,), others (n,), to be filled; None: not wanted
    last: tuple[Any, ...],
) -> None: ...
def piece_sums(
    numbers: NDArray[Any],  # (P, n) float64 or bool
    weight: Float64 | None,
    fade: Float64,  # (n,)
    starts: NDArray[np.int64],  # (pieces,)
) -> Float64: ...  # (2, P, pieces): sums, and sums of what is multiplied by fade
