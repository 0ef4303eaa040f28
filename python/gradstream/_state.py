"""Everything a model needs to go on, as plain NumPy arrays and numbers: what is pickled, copied and handed to the core.

The shapes are those of ``_core.Learner``; the meaning of every array is in ``docs/guide/numerics.md``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gradstream import _core
from gradstream._parameters import SLOTS

if TYPE_CHECKING:
    from gradstream._core import Spec

# Positions in `counters`.
T, STEPS, CLOCK, WEIGHT, N_SAMPLES_SEEN, BLOCK_ROWS, BLOCK_WEIGHT, EPOCH = range(8)


@dataclass(eq=False)
class LearnerState:
    """One model: weights and slots in the layout of its rows, intercepts, standardiser, counters, unfinished block."""

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
    pending: list[Any] = field(default_factory=list)  # rows predicted and not learnt yet: progressive_fit(delay=k)

    @classmethod
    def create(cls, spec: Spec, n_features: int, layout: str, dtype: Any, seed: int) -> LearnerState:
        """Return the state before the first row: coefficients 0."""
        columns, slots = spec["columns"], SLOTS[spec["optimizer"]]
        start = spec["initial_accumulator"] if spec["optimizer"] == "adagrad" else 0.0
        sparse = layout == "sparse"
        width = _core.record_width(spec, np.dtype(dtype).itemsize)
        bias = np.full((1 + slots, columns), start)
        bias[0] = 0.0
        state = cls(
            spec=spec,
            layout=layout,
            seed=seed,
            table=np.zeros((n_features, width) if sparse else (1 + slots, n_features, columns), dtype),
            bias=bias,
            mean=_standardiser(spec, n_features),
            m2=_standardiser(spec, n_features),
            seen=_standardiser(spec, n_features if sparse else 0),
            counters=np.zeros(8),
            block=np.zeros(_core.block_size(spec, n_features, sparse)),
        )
        for slot in range(1, 1 + slots):
            state._stored(slot)[:] = start
        return state

    @property
    def n_features(self) -> int:
        """Return d."""
        return int(self.table.shape[1] if self.layout == "dense" else self.table.shape[0])

    def _stored(self, plane: int) -> NDArray[Any]:
        """Return the (d, K) view of the weights (plane 0) or of a slot, as of each feature's last step."""
        columns = self.spec["columns"]
        return self.table[plane] if self.layout == "dense" else self.table[:, columns * plane : columns * (plane + 1)]

    def planes(self) -> NDArray[np.float64]:
        """Return weights and slots, (1 + slots, d, K), with the penalties and decays that sparse features wait for."""
        return _core.Learner(self.spec, self.arrays()).planes()

    def set_planes(self, planes: NDArray[np.float64]) -> None:
        """Set weights and slots, (1 + slots, d, K), up to date as of the counters."""
        _core.Learner(self.spec, self.arrays()).set_planes(planes)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return what ``_core.Learner`` borrows."""
        names = ("table", "bias", "mean", "m2", "seen", "counters", "block")
        return {name: getattr(self, name) for name in names}

    def copy(self) -> LearnerState:
        """Return a state that shares no memory with this one."""
        arrays = {name: np.array(array) for name, array in self.arrays().items()}
        return LearnerState(self.spec, self.layout, self.seed, **arrays, pending=list(self.pending))

    def restore(self, before: LearnerState) -> None:
        """Become what the copy ``before`` is, in the same memory: handles of the core stay valid."""
        for name, array in self.arrays().items():
            array[...] = getattr(before, name)
        self.pending = list(before.pending)

    def adapted(self, spec: Spec, layout: str) -> LearnerState:
        """Return this model ready to go on under another specification or layout of rows.

        An unfinished block is stepped on, pending penalties are settled, slots stay where the optimizer is the same,
        and the standardiser stays: mode, intercept and number of columns must be those of this state.
        """
        settled = self.copy()
        _core.Learner(settled.spec, settled.arrays()).flush()
        new = LearnerState.create(spec, self.n_features, layout, self.table.dtype, self.seed)
        new.bias[0] = settled.bias[0]
        planes = settled.planes()
        if spec["optimizer"] == self.spec["optimizer"]:
            new.bias[:] = settled.bias
        else:
            planes = np.concatenate([planes[:1], new.planes()[1:]])
        new.mean[:], new.m2[:], _ = settled.moments()
        new.seen[:] = settled.counters[WEIGHT]
        new.counters[:] = settled.counters
        new.counters[T] *= self.spec["batch_size"] / spec["batch_size"]  # rows become blocks, or blocks rows
        new.set_planes(planes)
        new.pending = settled.pending
        return new

    def moments(self) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
        """Return mean, m2 and weight, the absent zeros of sparse rows merged in (Chan, Golub and LeVeque 1983)."""
        weight = float(self.counters[WEIGHT])
        if not self.seen.size or weight == 0:
            return self.mean, self.m2, weight
        share = self.seen / weight
        return self.mean * share, self.m2 + self.mean**2 * self.seen * (1.0 - share), weight


def _standardiser(spec: Spec, size: int) -> NDArray[np.float64]:
    return np.zeros(0 if spec["standardize"] == "none" else size)
