"""The draws that scikit-learn's SGD makes from ``random_state``, in its order: the same seeds, the same rows next."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_random_state

LARGEST = np.iinfo(np.int32).max
Seeds = NDArray[np.uint32]
Mask = NDArray[np.uint8] | None


def binary_seed(random_state: Any, split: Callable[[], Mask]) -> tuple[Seeds, Mask]:
    """Draw for two classes: one number for the data set, the split, the seed of the shuffle."""
    if isinstance(random_state, Integral):
        return _second_draw(int(random_state)), split()
    generator = check_random_state(random_state)
    generator.randint(1, LARGEST)
    held_out = split()
    return np.array([generator.randint(LARGEST)], np.uint32), held_out


def class_seeds(random_state: Any, split: Callable[[], Mask], n_classes: int) -> tuple[Seeds, Mask]:
    """Draw for more classes: the split, then one number per class, the random state of that class's own draws."""
    held_out = split()
    if isinstance(random_state, Integral):
        return _of_classes(int(random_state), n_classes), held_out
    return _seeds_of(check_random_state(random_state).randint(LARGEST, size=n_classes)), held_out


def regressor_seed(random_state: Any, split: Callable[[], Mask]) -> tuple[Seeds, Mask]:
    """Draw for a regressor: the split, the seed of the shuffle, one number for the data set."""
    held_out = split()
    if isinstance(random_state, Integral):
        return _first_draw(int(random_state)), held_out
    generator = check_random_state(random_state)
    seed = np.array([generator.randint(0, LARGEST)], np.uint32)
    generator.randint(1, LARGEST)
    return seed, held_out


def one_class_seed(random_state: Any) -> Seeds:
    """Draw for one class: a number for the data set from NumPy's global generator, which matters only if it is ours."""
    if isinstance(random_state, Integral):
        return _first_draw(int(random_state))
    generator = check_random_state(random_state)
    if generator is check_random_state(None):
        generator.randint(1, LARGEST)
    return np.array([generator.randint(0, LARGEST)], np.uint32)


@lru_cache(maxsize=256)
def _first_draw(random_state: int) -> Seeds:
    return np.array([np.random.RandomState(random_state).randint(0, LARGEST)], np.uint32)


@lru_cache(maxsize=1024)
def _second_draw(random_state: int) -> Seeds:
    generator = np.random.RandomState(random_state)
    generator.randint(1, LARGEST)
    return np.array([generator.randint(LARGEST)], np.uint32)


@lru_cache(maxsize=64)
def _of_classes(random_state: int, n_classes: int) -> Seeds:
    return _seeds_of(np.random.RandomState(random_state).randint(LARGEST, size=n_classes))


def _seeds_of(random_states: NDArray[np.integer]) -> Seeds:
    return np.concatenate([_second_draw(int(state)) for state in random_states])
