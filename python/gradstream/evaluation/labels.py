"""Labels as codes 0, 1, ..., in the order of the classes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradstream._targets import encode


class Labels:
    """Codes of labels.

    Parameters
    ----------
    classes : ndarray of shape (n_classes,) or None
        Sorted. None: not known beforehand, and numbered as they come.
    """

    def __init__(self, classes: NDArray[Any] | None) -> None:
        self.fixed = classes is not None
        self.classes: list[Any] = [] if classes is None else classes.tolist()
        self._array = classes
        self._codes = {label: code for code, label in enumerate(self.classes)}

    @property
    def n_classes(self) -> int:
        """Classes so far, and never fewer than two."""
        return max(2, len(self.classes))

    def array(self) -> NDArray[Any]:
        """Return the classes."""
        return np.asarray(self.classes) if self._array is None else self._array

    def encode(self, y: Any) -> NDArray[np.signedinteger]:
        """Return codes of an array of labels, or raise ValueError for a label that no class has."""
        if self._array is None:
            return np.array([self.code(label) for label in (y.tolist() if isinstance(y, np.ndarray) else y)], np.intp)
        labels = np.asarray(y)
        if len(self._array) == 2 and labels.dtype.kind == self._array.dtype.kind:
            second = labels == self._array[1]
            if np.all(second | (labels == self._array[0])):
                return second.view(np.int8)  # an eighth of the memory to go through
        return encode(labels, self._array).astype(np.intp, copy=False)

    def find(self, label: Any) -> int:
        """Return the code of a label that was predicted, -1 where no class has it."""
        return self._codes.get(label, -1)

    def code(self, label: Any) -> int:
        """Return the code of one label."""
        code = self._codes.get(label)
        if code is None:
            if self.fixed:
                return int(encode(np.asarray([label]), self.array())[0])
            code = self._codes[label] = len(self.classes)
            self.classes.append(label)
        return code
