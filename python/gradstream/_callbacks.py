"""scikit-learn's callbacks (1.9 and newer; older versions have none) and verbose output, told once per iteration."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gradstream._state import LearnerState

try:
    from sklearn.callback import CallbackSupportMixin, with_callbacks
except ImportError:  # scikit-learn < 1.9

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """Stands in for scikit-learn's: no callbacks can be set."""

    def with_callbacks(method: Any) -> Any:
        """Return the method as it is."""
        return method


__all__ = ["CallbackSupportMixin", "FitWatch", "watch_fit", "with_callbacks"]


class FitWatch:
    """Tells callbacks and the terminal how a fit goes. Every iteration is a task below the fit."""

    def __init__(
        self, estimator: Any, data: dict[str, Any], attributes: Callable[[LearnerState], dict[str, Any]]
    ) -> None:
        self.estimator, self.data, self.attributes = estimator, data, attributes
        self.task: Any = None
        self.root: Any = None
        if getattr(estimator, "_skl_callbacks", None):
            # A solver that converges has begun one more iteration than it ends.
            self.root = estimator._init_callback_context(max_subtasks=estimator.max_iter + 1)
            self.root.call_on_fit_task_begin(estimator=estimator, **data)

    def begin(self) -> None:
        """Tell that an iteration begins."""
        if self.root is not None:
            self.task = self.root.subcontext(task_name="iteration")
            self.task.call_on_fit_task_begin(estimator=self.estimator, **self.data)

    def end(self, message: str, state: Callable[[], LearnerState] | None) -> bool:
        """Tell that it is over; True when a callback asks to stop."""
        if self.estimator.verbose:
            print(f"[{type(self.estimator).__name__}] {message}")
        return self._end_task(None if state is None else lambda: self.attributes(state()))

    def close(self, state: LearnerState) -> None:
        """Tell that the fit is over."""
        if self.root is not None:
            self._end_task(None)
            self.root.call_on_fit_task_end(
                estimator=self.estimator, reconstruction_attributes=lambda: self.attributes(state), **self.data
            )

    def _end_task(self, attributes: Callable[[], dict[str, Any]] | None) -> bool:
        if self.task is None:
            return False
        task, self.task = self.task, None
        return bool(
            task.call_on_fit_task_end(estimator=self.estimator, reconstruction_attributes=attributes, **self.data)
        )


def watch_fit(
    estimator: Any, data: dict[str, Any], attributes: Callable[[LearnerState], dict[str, Any]]
) -> FitWatch | None:
    """Return a watch, or None when nobody looks. ``data`` holds X, y and metadata for the hooks."""
    if estimator.verbose or getattr(estimator, "_skl_callbacks", None):
        return FitWatch(estimator, data, attributes)
    return None
