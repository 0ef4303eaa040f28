"""One learner at a time: two threads that teach one estimator get an error, not a race."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from _thread import LockType

_turns: WeakKeyDictionary[Any, LockType] = WeakKeyDictionary()
if hasattr(os, "register_at_fork"):  # threads of the parent do not learn in a forked child
    os.register_at_fork(after_in_child=_turns.clear)


def turn_of(estimator: Any) -> LockType:
    """Return the lock of an estimator, taken or not."""
    turn = _turns.get(estimator)
    return _turns.setdefault(estimator, Lock()) if turn is None else turn


def learning_turn(estimator: Any) -> LockType:
    """Return the right to change an estimator, for a ``with`` statement, or raise RuntimeError where it is taken.

    A lock, because entering and leaving one is a single step of the interpreter: Ctrl-C comes before or after it, and
    never leaves a turn behind that nobody has. Threads that ask in the same instant learn one after the other.
    """
    turn = turn_of(estimator)
    if turn.locked():
        raise RuntimeError(
            f"This {type(estimator).__name__} is learning already, in another thread or around this callback. "
            "Wait for that call, or let every thread learn with an estimator of its own."
        )
    return turn


@contextmanager
def unchanged_on_error(estimator: Any) -> Iterator[None]:
    """Put back what scikit-learn's validation writes to an estimator if the block raises."""
    names = ("n_features_in_", "feature_names_in_")
    attributes = vars(estimator)
    before = {name: attributes[name] for name in names if name in attributes}
    try:
        yield
    except BaseException:
        for name in names:
            attributes.pop(name, None)
        attributes.update(before)
        raise
