"""Rows, specifications and state arrays as gradstream._core takes them, built from its stub and the numerics page."""

import numpy as np
from scipy import sparse

from gradstream import _core
from reference.optimizers import SLOTS, new_table

COUNTERS = ("t", "steps", "clock", "weight", "n_samples_seen", "block_rows", "block_weight", "epoch")


def family(layout):
    """Which of "dense" and "sparse" one of the four layouts is."""
    return "sparse" if layout.startswith("csr") else "dense"


def rows(X, layout, dtype=np.float64):
    """X in one of the layouts dense_c, dense_f, csr32, csr64; zeros are not stored in the CSR layouts."""
    if family(layout) == "dense":
        return np.array(X, dtype=dtype, order=layout[-1].upper())
    csr = sparse.csr_array(np.asarray(X, dtype=dtype))
    index = np.int32 if layout == "csr32" else np.int64
    return csr.data, csr.indices.astype(index), csr.indptr.astype(index), X.shape[1]


def part(X, rows_wanted):
    """Rows ``rows_wanted`` (a slice) of X in any layout."""
    if not isinstance(X, tuple):
        return X[rows_wanted]
    data, indices, indptr, n_features = X
    start, stop, _ = rows_wanted.indices(len(indptr) - 1)
    low, high = indptr[start], indptr[max(start, stop)]
    return data[low:high], indices[low:high], indptr[start : stop + 1] - low, n_features


def make_spec(**changes):
    """A specification of a streaming log-loss SGD without penalty, with some entries changed."""
    spec = {
        "loss": "log_loss",
        "loss_parameter": 1.35,
        "columns": 1,
        "l1": 0.0,
        "l2": 0.0,
        "fit_intercept": True,
        "standardize": "none",
        "optimizer": "sgd",
        "momentum": 0.9,
        "beta_1": 0.9,
        "beta_2": 0.999,
        "epsilon": 1e-8,
        "initial_accumulator": 1e-8,
        "schedule": "constant",
        "eta0": 0.1,
        "power_t": 0.5,
        "decay": 0.5,
        "alpha": 0.01,
        "batch_size": 1,
    }
    unknown = changes.keys() - spec.keys()
    assert not unknown, f"a specification has no {unknown}"
    return {**spec, **changes}


def new_arrays(spec, n_features, layout, dtype=np.float64):
    """The state of a model that has seen nothing, but for the accumulators of adagrad."""
    d, K, slots = n_features, spec["columns"], SLOTS[spec["optimizer"]]
    sparse_rows = family(layout) == "sparse"
    width = _core.record_width(spec, np.dtype(dtype).itemsize)
    moments = 0 if spec["standardize"] == "none" else d
    return {
        "table": np.zeros((d, width) if sparse_rows else (1 + slots, d, K), dtype=dtype),
        "bias": new_table(spec, n_features)[:, -1].copy(),
        "mean": np.zeros(moments),
        "m2": np.zeros(moments),
        "seen": np.zeros(moments if sparse_rows else 0),
        "counters": np.zeros(len(COUNTERS)),
        "block": np.zeros(_core.block_size(spec, d)),
    }


def learner(spec, n_features, layout, dtype=np.float64, counted=0.0):
    """A fresh ``_core.Learner`` and the arrays it borrows; its t, steps and clock start at ``counted``."""
    arrays = new_arrays(spec, n_features, layout, dtype)
    arrays["counters"][:3] = counted
    core = _core.Learner(spec, arrays)
    core.set_planes(new_table(spec, n_features)[:, :-1].copy())
    return core, arrays


def bits(arrays):
    """The bytes of a state, to compare two of them exactly."""
    return {name: array.tobytes() for name, array in arrays.items()}


def counter(arrays, name):
    return arrays["counters"][COUNTERS.index(name)]
