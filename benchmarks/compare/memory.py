"""How fast can the bytes of an array be read at all? Two ways of reading them; the faster counts."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import numpy as np

from gradstream import _core


def reading_calls(X: Any, threads: int) -> list[Callable[[], object]]:
    """Return calls that read every byte of a C-ordered array once, with so many threads."""
    values = X.reshape(-1).view(np.float64)  # float32 in pairs: a reader should not be held up by arithmetic
    return [partial(_shared, np.add.reduce, values, threads), partial(_shared, _core.check_finite, X, threads)]


def _shared(way: Callable[[Any], object], array: Any, threads: int) -> None:
    """Both ways release the GIL."""
    if threads == 1:
        way(array)
        return
    bounds = np.linspace(0, len(array), threads + 1).astype(int)
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(lambda i: way(array[bounds[i] : bounds[i + 1]]), range(threads)))
