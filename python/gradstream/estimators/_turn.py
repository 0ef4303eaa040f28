"""One learner at a time: two threads that teach one estimator get an error, not a race."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from weakref import WeakKeyDictionary

from gradstream._core import Turn

_turns: WeakKeyDictionary[Any, Turn] = WeakKeyDictionary()


def learning_turn(estimator: Any) -> Turn:
    """Return the right to change an estimator, for a ``with`` statement: RuntimeError where somebody has it.

    What another thread had when a process was forked, nobody has in the child.
    """
    model = vars(estimator).get("_model")
    if model is not None and model.turn is not None:
        return model.turn
    turn = _turns.get(estimator)
    return _turns.setdefault(estimator, Turn(type(estimator).__name__)) if turn is None else turn


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
