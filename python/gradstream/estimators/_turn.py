"""One learner at a time: two threads that teach one estimator get an error, not a race."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_learning: dict[int, object] = {}
if hasattr(os, "register_at_fork"):  # threads of the parent do not learn in a forked child
    os.register_at_fork(after_in_child=_learning.clear)


class LearningTurn:
    """The right to change an estimator, for the length of a ``with`` block."""

    __slots__ = ("estimator",)

    def __init__(self, estimator: Any) -> None:
        self.estimator = estimator

    def __enter__(self) -> None:
        # setdefault is one atomic step, with and without the GIL.
        if _learning.setdefault(id(self.estimator), self) is not self:
            raise RuntimeError(
                f"This {type(self.estimator).__name__} is learning already, in another thread or around this callback. "
                "Wait for that call, or let every thread learn with an estimator of its own."
            )

    def __exit__(self, *error: object) -> None:
        del _learning[id(self.estimator)]


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
