"""Everything a model needs to go on, as plain NumPy arrays and numbers: what is pickled, copied and handed to the core.

Shapes are those of ``_core.Learner`` and ``_core.Bank``; the meaning of every array is in ``docs/guide/numerics.md``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gradstream import _core
from gradstream._parameters import BANK, SLOTS, has_statistics

if TYPE_CHECKING:
    from gradstream._core import Float64, Spec

# Positions in `counters`.
T, STEPS, CLOCK, WEIGHT, N_SAMPLES_SEEN, BLOCK_ROWS, BLOCK_WEIGHT, EPOCH = range(8)

# Of the bank: lanes, and positions in `experts` behind their weights.
LANE_NAMES = [f"{lane['optimizer']} {lane['rate']:g}" for lane in _core.bank_lanes()]
LANES = len(LANE_NAMES)
EXPERTS = 18
(
    NORM,
    TARGET_MEAN,
    TARGET_M2,
    RESIDUAL,
    MIXTURE_LOSS,
    WOKEN,
    FEATURES,
    COUNTED,
    ADAGRAD_CLOCK,
    EVIDENCE,
) = range(LANES, EXPERTS)
CACHE_LINE = 64
MAX_RECORD_BYTES = 2**32  # of sparse features the bank has met


@dataclass(eq=False)
class LearnerState:
    """One model: weights and slots in the layout of its rows, intercepts, standardiser, counters, unfinished block.

    The bank has a plane per lane, and of sparse rows a record per feature that it has met. A model that was fitted and
    will go on as the bank carries until then its ``experts``, and as ``units`` (2, d) the weight and mean square of the
    values that sparse columns store.
    """

    spec: Spec  # what it was learnt under
    layout: str  # "dense" or "sparse"
    seed: int
    table: NDArray[Any]
    bias: NDArray[np.float64]
    mean: NDArray[np.float64]
    m2: NDArray[np.float64]
    seen: NDArray[np.float64]
    counters: NDArray[np.float64]
    block: NDArray[np.float64]
    experts: NDArray[np.float64]
    records: NDArray[np.float32]
    places: NDArray[np.int32]
    units: NDArray[np.float64] = field(default_factory=lambda: np.zeros((2, 0)))
    pending: list[Any] = field(default_factory=list)  # rows predicted and not learnt yet: progressive_fit(delay=k)

    @classmethod
    def create(cls, spec: Spec, n_features: int, layout: str, dtype: Any, seed: int) -> LearnerState:
        """Return the state before the first row: coefficients 0."""
        columns, sparse, bank = spec["columns"], layout == "sparse", spec["optimizer"] == BANK
        planes = 1 + (LANES if bank else SLOTS[spec["optimizer"]])
        width = 0 if bank else _core.record_width(spec, np.dtype(dtype).itemsize)
        state = cls(
            spec=spec,
            layout=layout,
            seed=seed,
            table=np.zeros((n_features, width) if sparse else (planes, n_features, columns), dtype),
            bias=np.zeros((planes, columns)),
            mean=_standardiser(spec, n_features),
            m2=_standardiser(spec, n_features),
            seen=_standardiser(spec, n_features if sparse else 0),
            counters=np.zeros(8),
            block=np.zeros(_core.block_size(spec, n_features)),
            experts=fresh_experts() if bank else np.zeros(0),
            records=np.zeros((0, _core.bank_record_width(columns) if bank and sparse else 0), np.float32),
            places=np.zeros(n_features if bank and sparse else 0, np.int32),
        )
        state._start_accumulators()
        return state

    def _start_accumulators(self) -> None:
        if self.spec["optimizer"] not in ("adagrad", BANK):
            return
        self.bias[-1] = self.spec["initial_accumulator"]
        if self.layout == "dense":
            self.table[-1] = self.spec["initial_accumulator"]
        elif not self.bank:
            columns = self.spec["columns"]
            self.table[:, columns : 2 * columns] = self.spec["initial_accumulator"]

    @property
    def n_features(self) -> int:
        """Return d."""
        return int(self.table.shape[1] if self.layout == "dense" else self.table.shape[0])

    @property
    def bank(self) -> bool:
        """Say whether this is the untuned learner."""
        return self.spec["optimizer"] == BANK

    @property
    def lanes(self) -> int:
        """Return the number of models learnt side by side."""
        return LANES if self.bank else 1

    def core(self) -> _core.Learner | _core.Bank:
        """Return the core's handle on these arrays."""
        return _core.Bank(self.spec, self.arrays()) if self.bank else _core.Learner(self.spec, self.arrays())

    def reserve(self, features: int) -> None:
        """Make room for the records of so many sparse features; handles made before are stale afterwards."""
        capacity, width = self.records.shape
        record_bytes = width * self.records.itemsize
        room = max(features, 256 if features <= capacity else capacity + capacity // 2)
        room = min(room, self.n_features, MAX_RECORD_BYTES // record_bytes)
        if features > room:
            raise ValueError(
                f"The untuned learner keeps {width * 4} bytes for every sparse feature it has met: {features} features "
                f"need {features * width * 4 / 2**30:.1f} GiB, allowed are {MAX_RECORD_BYTES / 2**30:.0f}. "
                "Hash to fewer features, or name an optimizer, which keeps one weight per feature: optimizer='adagrad'."
            )
        grown = _on_cache_lines(room, width)
        grown[:capacity] = self.records
        self.records = grown
        self.places = self.places.copy()  # who still reads the smaller records goes on with their places

    def align(self) -> None:
        """Move the records to whole cache lines, where pickling or copying has left them across two."""
        if self.records.size and self.records.ctypes.data % CACHE_LINE:
            self.reserve(len(self.records))

    def planes(self) -> NDArray[np.float64]:
        """Return weights and slots, or lanes and accumulator, (planes, d, K), with what sparse features wait for."""
        return self.core().planes()

    def set_planes(self, planes: NDArray[np.float64]) -> None:
        """Set all planes, (planes, d, K), up to date as of the counters."""
        status = self.core().set_planes(planes)
        if status is not None and status[0] == "full":
            self.reserve(status[1])
            self.core().set_planes(planes)

    def point(self) -> tuple[Float64, Float64]:
        """Return the linear model, weights (d, K) in standardised coordinates and intercepts (K,)."""
        planes = self.planes()
        if not self.bank:
            return planes[0], self.bias[0].copy()
        shares = self.experts[:LANES]
        return np.tensordot(shares, planes[:LANES], 1), shares @ self.bias[:LANES]

    def set_point(self, weights: Float64, intercept: Float64) -> None:
        """Move the linear model, all lanes of it, and leave slots as they are."""
        planes = self.planes()
        planes[: self.lanes] = weights
        self.bias[: self.lanes] = intercept
        self.set_planes(planes)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return what the core borrows."""
        return {name: getattr(self, name) for name in ARRAYS}

    def copy(self) -> LearnerState:
        """Return a state that shares no memory with this one."""
        arrays = {name: np.array(array) for name, array in self.arrays().items()}
        return LearnerState(self.spec, self.layout, self.seed, **arrays, pending=list(self.pending))

    def restore(self, before: LearnerState) -> None:
        """Become what the copy ``before`` is, in the same memory: handles of the core stay valid."""
        for name, array in self.arrays().items():
            copied = getattr(before, name)
            array[: len(copied)] = copied  # records may have grown since
        self.pending = list(before.pending)

    def adapted(self, spec: Spec, layout: str) -> LearnerState:
        """Return this model ready to go on under another specification or layout of rows.

        An unfinished block is stepped on, pending penalties are settled, slots stay where the optimizer is the same,
        and the standardiser stays: mode, intercept and number of columns must be those of this state.
        """
        settled = self.copy()
        settled.core().flush()
        new = LearnerState.create(spec, self.n_features, layout, self.table.dtype, self.seed)
        new.mean[:], new.m2[:], _ = settled.moments()
        new.seen[:] = settled.counters[WEIGHT]
        new.counters[:] = settled.counters
        new.counters[T] *= self.spec["batch_size"] / spec["batch_size"]  # rows become blocks, or blocks rows
        if spec["optimizer"] == self.spec["optimizer"]:
            new.bias[:] = settled.bias
            if new.bank:
                new.experts[:] = settled.experts
            new.set_planes(settled.planes())
            if self.spec["standardize"] == spec["standardize"] == "root_mean_square":
                _core.Bank(spec, new.arrays()).set_units(*_core.Bank(self.spec, settled.arrays()).units())
        else:
            new._take_over(settled)
        new.pending = settled.pending
        return new

    def _take_over(self, other: LearnerState) -> None:
        """Start at another optimizer's model, with its squares of gradients where both keep them."""
        if {self.spec["optimizer"], other.spec["optimizer"]} == {BANK, "adagrad"}:
            planes = self.planes()
            planes[-1] = other.planes()[-1]
            self.bias[-1] = other.bias[-1]
            self.set_planes(planes)
        if self.bank and other.experts.size:
            self.experts[:] = other.experts
        elif self.bank:
            self.experts[TARGET_MEAN] = other.bias[0, 0]  # until targets have been seen
        self.set_point(*other.point())
        if self.spec["standardize"] == "root_mean_square" and other.units.size:
            _core.Bank(self.spec, self.arrays()).set_units(*other.units)

    def moments(self) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
        """Return mean, m2 and weight, the absent zeros of sparse rows merged in (Chan, Golub and LeVeque 1983)."""
        weight = float(self.counters[WEIGHT])
        if not self.seen.size or weight == 0:
            return self.mean, self.m2, weight
        share = self.seen / weight
        return self.mean * share, self.m2 + self.mean**2 * self.seen * (1.0 - share), weight


ARRAYS = ("table", "bias", "mean", "m2", "seen", "counters", "block", "experts", "records", "places", "units")


def fresh_experts() -> NDArray[np.float64]:
    """Return what the bank keeps besides weights, before the first row."""
    experts = np.zeros(EXPERTS)
    experts[:LANES] = 1.0 / LANES
    experts[EVIDENCE] = 1.0
    return experts


def _on_cache_lines(rows: int, width: int) -> NDArray[np.float32]:
    """Return zeros of whole cache lines, each row on its own: half the misses."""
    room = np.zeros(rows * width + CACHE_LINE // 4, np.float32)
    first = -room.ctypes.data % CACHE_LINE // 4
    return room[first : first + rows * width].reshape(rows, width)


def _standardiser(spec: Spec, size: int) -> NDArray[np.float64]:
    return np.zeros(size if has_statistics(spec) else 0)
