"""One row or one carried block for every update: a state, and the core's handle on it."""

from __future__ import annotations

from time import monotonic, sleep
from typing import TYPE_CHECKING, Any

import numpy as np

from gradstream._parameters import BANK
from gradstream._state import STEPS, LearnerState
from gradstream._validation import LOWER_RATE, RESCALE, CheckedRows, assert_finite, raise_for_status
from gradstream.regimes.delayed import LabelledRows, Queue, check_learnable, joined

__all__ = ["LabelledRows", "Model", "rate_of"]

if TYPE_CHECKING:
    from gradstream._core import Float64, OneRow, Spec, Status, Turn

OK = ("ok", -1)
PATIENCE = 1.0  # seconds that a copy waits for a learner to pause


class Model:
    """A state and the core's handle on it. Pickles as the state; the handle is rebuilt.

    Attributes
    ----------
    state : LearnerState
    current : bool
        Whether the specification is what the estimator's parameters say. Setting a parameter makes it False.
    one : OneRow
        The core's short way for a single row; open to learning once an estimator has learnt with this model, until a
        parameter changes.
    turn : Turn or None
        The right to change the estimator; None where the long way has to ask for it.
    values : dict
        Targets of single rows and the weights of their classes, by label, as far as they have been asked for.
    calls : int
        Beginnings and ends of calls that change the state: odd in the middle of one, also after one that Ctrl-C has cut
        off from its end. Copies look whether it moved; a row that is learnt the short way holds the interpreter, and
        moves the counters.
    """

    __slots__ = ("calls", "current", "learner", "one", "state", "turn", "values")

    one: OneRow

    def __init__(self, state: LearnerState) -> None:
        if not all(array.flags.writeable for array in state.arrays().values()):  # memory maps, as joblib makes them
            state = state.copy()
        state.align()
        self.state = state
        self.current = False
        self.turn: Turn | None = None
        self.values: dict[Any, tuple[float, float]] = {}
        self.calls = 0
        self._hold()

    def _hold(self) -> None:
        """Take hold of the state's arrays."""
        self.learner = self.state.core()
        self.one = self.learner.one_row(self.values)
        if self.turn is not None:
            self.one.open(self.turn)

    def open(self, turn: Turn) -> None:
        """Let single rows be learnt the short way by whoever has the turn."""
        if turn is not self.turn:
            self.turn = turn
            self.one.open(turn)

    def outdate(self) -> None:
        """Note that a parameter has changed."""
        self.current = False
        self.turn = None
        self.one.close()
        self.values.clear()

    def __reduce__(self) -> tuple[Any, ...]:
        return Model, (self.copied_state(),)

    def __deepcopy__(self, memo: Any) -> Model:
        return Model(self.copied_state())

    def copied_state(self) -> LearnerState:
        """Return a copy as of between two calls that learn; RuntimeError where another thread leaves no time."""
        deadline = monotonic() + PATIENCE
        while monotonic() < deadline:
            before = self.calls, self.state.counters.tobytes()
            copied = self.state.copy() if before[0] % 2 == 0 else None
            if copied is not None and before == (self.calls, self.state.counters.tobytes()):
                return copied
            sleep(1e-4)
        raise RuntimeError(
            "This model is learning in another thread, and cannot be copied or pickled meanwhile. Do so in the thread "
            "that learns, between two calls."
        )

    def learn_row(self, x: Any, y: Float64, weights: Float64 | None) -> bool:
        """Learn a row that the core reads as it is; False, and nothing learnt, for the long way."""
        try:
            self.calls |= 1
            return self.learner.learn(x[None, :], y, weights, None, 1) == OK
        finally:
            self.calls = (self.calls | 1) + 1

    def linear(self) -> tuple[Float64, Float64]:
        """Return coefficients (d, K) and intercepts (K,) in X's own units."""
        coef, intercept = self.learner.linear()
        return np.ascontiguousarray(coef.T), intercept

    def margins(self, owner: str, X: CheckedRows, threads: int) -> Float64:
        """Return (n, K) margins of rows in any layout; ValueError where X is not finite."""
        state = self.state
        out = np.empty((X.shape[0], state.spec["columns"]))
        if (
            X.dtype == state.table.dtype
            and X.layout == state.layout
            and self.learner.report(X.data, out, threads) == OK
        ):
            return out
        for part, data in X.blocks(state.layout, state.table.dtype):
            code, row = self.learner.report(data, out[part], threads)
            if code != "ok":
                assert_finite(owner, X)
                raise ValueError(f"The decision value of row {part.start + row} of X overflows with this {owner}.")
        return out

    def takes(self, x: Any) -> bool:
        """Say whether x is a dense row that the core reads as it is."""
        table = self.state.table
        return (
            type(x) is np.ndarray
            and table.ndim == 3
            and x.dtype == table.dtype
            and x.shape == table.shape[1:2]
            and x.flags.aligned
        )

    def learn(self, owner: str, rows: LabelledRows, report: Float64 | None, threads: int) -> None:
        """Learn rows in order, or raise and stay what it was. ``report`` (n, K) takes the margins before each row."""
        try:
            self.calls |= 1
            self._learn(owner, rows, report, threads)
        finally:
            self.calls = (self.calls | 1) + 1

    def _learn(self, owner: str, rows: LabelledRows, report: Float64 | None, threads: int) -> None:
        X = rows.X
        if X.dtype == self.state.table.dtype and X.layout == self.state.layout:
            status = self._learn_in_place(X.data, rows.y, rows.weights, report, threads)
            if status != OK:
                self._raise(owner, status, X, overflows=_infinite(report, status[1]))
            return
        before = self.state.copy()
        try:
            self._learn_blocks(owner, rows, report, threads)
        except BaseException:
            self.state.restore(before)
            raise

    def _learn_in_place(
        self, data: Any, y: Float64, weights: Float64 | None, report: Float64 | None, threads: int
    ) -> Status:
        """Learn rows of the state's layout and dtype; the bank may ask for more room first."""
        status = self.learner.learn(data, y, weights, report, threads)
        if status[0] == "full":
            self.state.reserve(status[1])
            self._hold()
            status = self.learner.learn(data, y, weights, report, threads)
        return status

    def _learn_blocks(self, owner: str, rows: LabelledRows, report: Float64 | None, threads: int) -> None:
        for part, data in rows.X.blocks(self.state.layout, self.state.table.dtype):
            weights = None if rows.weights is None else rows.weights[part]
            out = None if report is None else report[part]
            code, row = self._learn_in_place(data, rows.y[part], weights, out, threads)
            if code != "ok":
                status = code, row + part.start if row >= 0 else row
                self._raise(owner, status, rows.X, overflows=_infinite(out, row))

    def progress(self, owner: str, rows: LabelledRows, delay: int, threads: int) -> Float64:
        """Return the margins (n, K) of rows, each reported before it is learnt, and learnt ``delay`` rows later."""
        out = np.zeros((rows.X.shape[0], self.state.spec["columns"]))
        try:
            self.calls |= 1
            if delay == 0 and not self.state.pending:
                self._learn(owner, rows, out, threads)
            else:
                self._report_then_learn(owner, rows, delay, out)
        finally:
            self.calls = (self.calls | 1) + 1
        return out

    def _report_then_learn(self, owner: str, rows: LabelledRows, delay: int, out: Float64) -> None:
        pieces = rows.pieces(self.state.layout)
        before = None if len(out) == 1 and len(self.state.pending) <= delay else self.state.copy()
        try:
            for start, piece in pieces:
                check_learnable(owner, piece, self.state.table.dtype)
                self._wait(owner, piece, delay, out[start : start + len(piece.y)], start)
        except BaseException:
            if before is not None:  # a single row is reported, and one learnt, or neither
                self.state.restore(before)
            raise

    def _wait(self, owner: str, new: LabelledRows, delay: int, out: Float64, start: int) -> None:
        """Report new rows; learn those whose labels have come by then."""
        queue = Queue.of(self.state, new, delay)
        room = queue.room(self.state)
        if room > len(self.state.records):
            self.state.reserve(room)
            self._hold()
        rows = queue.rows
        code, at = self.learner.learn_delayed(rows.X.data, rows.y, rows.weights, out, queue.first, queue.shift)
        if code != "ok":
            row = at - queue.first
            status = code, row + start if row >= 0 else -1  # a row of an earlier call has no number in X
            self._raise(owner, status, rows.X, overflows=_infinite(out, row))
        self.state.pending = queue.waiting

    def flush(self, owner: str) -> None:
        """Learn the rows that wait and step on the unfinished block."""
        try:
            self.calls |= 1
            self._flush(owner)
        finally:
            self.calls = (self.calls | 1) + 1

    def _flush(self, owner: str) -> None:
        before = self.state.copy()
        try:
            if self.state.pending:
                self._learn(owner, joined(self.state.pending, self.state), None, 1)
                self.state.pending = []
            code, _ = self.learner.flush()
            if code != "ok":
                raise_for_status(owner, (code, -1), None, self._where())
        except BaseException:
            self.state.restore(before)
            raise

    def _raise(self, owner: str, status: Status, X: CheckedRows, *, overflows: bool) -> None:
        """Raise for an answer that is not "ok"; ``overflows``: because the row's decision value is not finite."""
        if not overflows:
            raise_for_status(owner, status, X, self._where(), self._remedy())
        assert_finite(owner, X)
        raise ValueError(
            f"The decision value of row {status[1]} of X overflows with this {owner}, before the row is learnt. "
            f"{RESCALE} The state before this call was kept."
        )

    def _remedy(self) -> str:
        return RESCALE if self.state.bank else LOWER_RATE

    def _where(self) -> str:
        return f"after step {int(self.state.counters[STEPS])} ({rate_of(self.state.spec)})"


def _infinite(report: Float64 | None, row: int) -> bool:
    return report is not None and 0 <= row < len(report) and not np.isfinite(report[row]).all()


def rate_of(spec: Spec) -> str:
    """Say what the steps are made with, for messages."""
    if spec["optimizer"] == BANK:
        return "the untuned learner, eight rates side by side"
    return f"optimizer {spec['optimizer']!r}, schedule {spec['schedule']!r}, eta0 = {spec['eta0']:g}"
