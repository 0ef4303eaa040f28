"""A model's state as a plain dictionary, and back, with every shape checked: the core trusts the arrays it borrows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from gradstream import _core
from gradstream._parameters import BANK, LOSSES, POSITIVE, SLOTS, has_statistics, least_target
from gradstream._state import ARRAYS, BLOCK_ROWS, EXPERTS, FEATURES, LANES, LearnerState
from gradstream._validation import FLOATS, CheckedRows, check_csr
from gradstream.regimes.delayed import check_learnable
from gradstream.regimes.state_values import check_spec_values, check_values
from gradstream.regimes.streaming import LabelledRows

if TYPE_CHECKING:
    from gradstream._core import Spec

SPEC_TYPES: dict[str, type] = {
    **dict.fromkeys(("loss", "standardize", "optimizer", "schedule"), str),
    **dict.fromkeys(("columns", "batch_size"), int),
    "fit_intercept": bool,
    **dict.fromkeys(("loss_parameter", "l1", "l2", "momentum", "beta_1", "beta_2", "epsilon"), float),
    **dict.fromkeys(("initial_accumulator", "eta0", "power_t", "decay", "alpha", "share"), float),
}
VERSION = 1  # of the meaning of a state: whoever changes what a number of it stands for raises it
MAX_SEED = 2**63 - 1
ROW_KEYS = {"x", "indices", "y", "weight"}
KEYS = {"version", "spec", "layout", "seed", "pending", *ARRAYS}


def state_to_dict(state: LearnerState) -> dict[str, Any]:
    """Return copies of everything: ``spec``, what it learns under, ``layout``, ``seed``, ``pending`` and the arrays."""
    arrays = {name: np.array(array) for name, array in state.arrays().items()}
    if arrays["records"].size:  # room that no feature has taken yet is not part of the model
        arrays["records"] = arrays["records"][: int(state.experts[FEATURES])].copy()
    rows = [_row_to_dict(row) for row in state.pending]
    about = {"version": VERSION, "spec": dict(state.spec)}
    return {**about, "layout": state.layout, "seed": state.seed, **arrays, "pending": rows}


def state_from_dict(saved: Any) -> LearnerState:
    """Return the state that a dictionary's arrays are, or raise ValueError for what is no state of a model."""
    if not isinstance(saved, dict) or set(saved) != KEYS:
        got = sorted(map(str, saved)) if isinstance(saved, dict) else type(saved).__name__
        raise ValueError(f"state['model'] has to have the keys {sorted(KEYS)}, got {got}.")
    if saved["version"] != VERSION:
        raise ValueError(f"state['model'] is of version {saved['version']!r}, this gradstream knows version {VERSION}.")
    spec, layout = _checked_spec(saved["spec"]), saved["layout"]
    if layout not in ("dense", "sparse"):
        raise ValueError(f"state['model']['layout'] = {layout!r}: allowed are 'dense' and 'sparse'.")
    if type(saved["seed"]) is not int or not 0 <= saved["seed"] <= MAX_SEED:
        raise ValueError(f"state['model']['seed'] = {saved['seed']!r}: an integer from 0 to {MAX_SEED} is needed.")
    arrays: dict[str, Any] = {name: _checked_array(name, saved[name]) for name in ARRAYS}
    state = LearnerState(spec, layout, saved["seed"], **arrays)
    _check_shapes(state)
    _check_records(state)
    check_values(state)
    _check_block(state)
    if not isinstance(saved["pending"], list):
        raise ValueError(f"state['model']['pending'] = {saved['pending']!r:.200}: a list of rows is needed.")
    state.pending = [_row_from_dict(row, state) for row in saved["pending"]]
    return state


def _checked_spec(spec: Any) -> Spec:
    types = {name: type(value) for name, value in spec.items()} if isinstance(spec, dict) else {}
    if types != SPEC_TYPES:
        wrong = sorted(map(str, set(types.items()) ^ set(SPEC_TYPES.items())))
        raise ValueError(f"state['model']['spec'] has entries of other names or types than it has to have: {wrong}.")
    if spec["loss"] not in LOSSES.keys() - POSITIVE or spec["optimizer"] not in {BANK, *SLOTS}:
        raise ValueError(
            f"state['model']['spec'] has loss={spec['loss']!r} and optimizer={spec['optimizer']!r}: this version knows "
            f"the losses {sorted(LOSSES.keys() - POSITIVE)} and the optimizers {sorted({BANK, *SLOTS})}."
        )
    checked = cast("Spec", dict(spec))
    check_spec_values(checked)
    _core.record_width(checked, 8)  # the core names what else it does not know
    if checked["optimizer"] == BANK and checked["batch_size"] != 1:
        raise ValueError("state['model']['spec'] has a bank of blocks: batch_size has to be 1.")
    return checked


def _checked_array(name: str, value: Any) -> NDArray[Any]:
    """Return the array in C order and native byte order, if it is of the dtype that it has to have."""
    wanted = {"records": (np.dtype(np.float32),), "places": (np.dtype(np.int32),), "table": FLOATS}
    allowed = wanted.get(name, (np.dtype(np.float64),))
    dtype = value.dtype.newbyteorder("=") if isinstance(value, np.ndarray) else None
    if dtype is None or dtype not in allowed:  # NumPy takes None for float64
        kinds = " or ".join(map(str, allowed))
        raise ValueError(f"state['model'][{name!r}] has to be an array of {kinds}, got {dtype or type(value)}.")
    return np.asarray(value, dtype, order="C")


def _check_shapes(state: LearnerState) -> None:
    """Raise ValueError where the arrays do not fit the specification and each other."""
    spec, sparse, bank = state.spec, state.layout == "sparse", state.bank
    columns = spec["columns"]
    if state.table.ndim != (2 if sparse else 3) or spec["standardize"] not in _modes(state):
        raise ValueError(
            f"state['model']['table'] has shape {state.table.shape} with layout={state.layout!r} and "
            f"standardize={spec['standardize']!r}, which do not go together."
        )
    d = state.n_features
    planes = 1 + (LANES if bank else SLOTS[spec["optimizer"]])
    width = 0 if bank else _core.record_width(spec, state.table.itemsize)
    statistics = d if has_statistics(spec) else 0
    shapes: dict[str, tuple[int, ...]] = {
        "table": (d, width) if sparse else (planes, d, columns),
        "bias": (planes, columns),
        "mean": (statistics,),
        "m2": (statistics,),
        "seen": (statistics if sparse else 0,),
        "counters": (8,),
        "block": (0 if bank else _core.block_size(spec, d),),
        "experts": (EXPERTS,) if bank or state.experts.size else (0,),
        "records": (len(state.records), _core.bank_record_width(columns) if bank and sparse else 0),
        "places": (d if bank and sparse else 0,),
        "units": (2, d if state.units.size else 0),
    }
    for name, shape in shapes.items():
        if getattr(state, name).shape != shape:
            raise ValueError(f"state['model'][{name!r}] has shape {getattr(state, name).shape}, it has to be {shape}.")
    if state.counters[BLOCK_ROWS] >= spec["batch_size"]:
        raise ValueError(
            f"state['model']['counters'] = {state.counters}: an unfinished block has fewer rows than batch_size = "
            f"{spec['batch_size']}."
        )


def _modes(state: LearnerState) -> tuple[str, ...]:
    if state.layout == "dense":
        return "none", "scale", "center_scale"
    return ("none", "scale", "root_mean_square") if state.bank else ("none", "scale")


def _check_records(state: LearnerState) -> None:
    """Raise ValueError unless every feature met has one record of its own."""
    if not state.places.size:
        return
    used = state.experts[FEATURES]
    numbers = state.places[state.places != 0]
    fits = used == len(numbers) <= len(state.records)
    if numbers.size and fits:
        fits = numbers.min() >= 1 and numbers.max() <= used and bool((np.bincount(numbers) <= 1).all())
    if not fits:
        raise ValueError(
            f"state['model']['places'] has to name each of {used:g} records once, and there are {len(state.records)}."
        )


def _check_block(state: LearnerState) -> None:
    """Raise ValueError unless the features of an unfinished sparse block are a list that ends."""
    if state.layout != "sparse" or not state.block.size:
        return
    d, columns = state.n_features, state.spec["columns"]
    links = state.block[2 * (d * columns + columns) :][:d]
    link, left = state.block[-1], int(np.count_nonzero(links))
    while link != 0 and left >= 0:
        if not (1 <= link <= d and link == int(link) and 1 <= links[int(link) - 1] <= d + 1):
            break
        link, left = links[int(link) - 1] - 1, left - 1
    if link != 0 or left != 0:
        raise ValueError("state['model']['block'] does not list the features of its unfinished block.")


def _row_to_dict(row: LabelledRows) -> dict[str, Any]:
    """Return a row that waits to be learnt: ``x``, with ``indices`` of a sparse row, ``y``, ``weight`` or None."""
    weight = None if row.weights is None else float(row.weights[0])
    out: dict[str, Any] = {"y": float(row.y[0]), "weight": weight, "indices": None}
    if isinstance(row.X.data, np.ndarray):
        return {**out, "x": row.X.data[0].copy()}
    values, indices, _, _ = row.X.data
    return {**out, "x": values.copy(), "indices": indices.astype(np.int64)}


def _row_from_dict(saved: Any, state: LearnerState) -> LabelledRows:
    if not isinstance(saved, dict) or set(saved) != ROW_KEYS:
        raise ValueError(f"A row of state['model']['pending'] is {saved!r:.200}: a dictionary of {sorted(ROW_KEYS)}.")
    x, indices, n_features = saved["x"], saved["indices"], state.n_features
    if not all(isinstance(part, np.ndarray) and part.ndim == 1 for part in (x, x if indices is None else indices)):
        raise ValueError("A row of state['model']['pending'] has x or indices that are no 1-D array.")
    if x.dtype not in FLOATS or (indices is None and len(x) != n_features):
        raise ValueError(f"A row of state['model']['pending'] has shape {x.shape} and dtype {x.dtype}.")
    if indices is None:
        X = CheckedRows(x[None, :], (1, n_features), x.dtype)
    else:
        if indices.dtype != np.int64:
            raise ValueError(f"A row of state['model']['pending'] has indices of {indices.dtype}: int64 is needed.")
        X = check_csr((x, indices, np.array([0, len(x)], np.int64), n_features))
    y, weight = saved["y"], saved["weight"]
    _check_label(y, weight, state.spec)
    rows = LabelledRows(X, np.array([y], np.float64), None if weight is None else np.array([weight], np.float64))
    check_learnable("state['model']['pending']", rows, state.table.dtype)
    return rows


def _check_label(y: Any, weight: Any, spec: Spec) -> None:
    """Raise ValueError for a target that the loss does not know: the core uses the index of a class as it is."""
    loss, columns = LOSSES[spec["loss"]], spec["columns"]
    known = type(y) is float and (weight is None or (type(weight) is float and 0 <= weight < np.inf))
    if known and loss["task"] == "classification":
        known = y in (-1.0, 1.0) if columns == 1 else y in range(columns)
    elif known:
        known = -np.inf < y < np.inf and y >= least_target(spec["loss"], spec["loss_parameter"])
    if not known:
        raise ValueError(
            f"A row of state['model']['pending'] has y = {y!r} and weight = {weight!r}: loss={spec['loss']!r} with "
            f"{columns} columns of margins knows no such row."
        )
