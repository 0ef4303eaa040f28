"""The order of an epoch: a bijection that the seed and the epoch alone decide."""

import numpy as np
import pytest

from gradstream import _core
from reference import order

SEED = 0x1234_5678_9ABC


@pytest.mark.parametrize("n", [0, 1, 2, 3, 4, 5, 16, 17, 63, 64, 65, 1000, 4097])
def test_every_row_comes_once(n):
    drawn = _core.permutation(n, SEED, 3)
    assert drawn.dtype == np.int64
    assert np.array_equal(np.sort(drawn), np.arange(n))


@pytest.mark.parametrize("epoch", [0, 1, 1000])
@pytest.mark.parametrize("seed", [0, 1, SEED, 2**63 - 1])
@pytest.mark.parametrize("n", [1, 2, 5, 16, 17, 300])
def test_equals_the_twin(n, seed, epoch):
    assert _core.permutation(n, seed, epoch).tolist() == order.permutation(n, seed, epoch)


@pytest.mark.parametrize("change", [(SEED + 1, 0), (SEED, 1)])
def test_seed_and_epoch_change_the_order(change):
    n = 1000
    same_place = np.mean(_core.permutation(n, SEED, 0) == _core.permutation(n, *change))
    assert same_place < 0.01


def test_same_seed_and_epoch_give_the_same_order():
    assert np.array_equal(_core.permutation(500, SEED, 2), _core.permutation(500, SEED, 2))


def test_every_row_may_stand_at_every_place():
    """Row 0 moves to each of 8 places about as often as any other: chi-square, 7 degrees of freedom, p < 1e-6."""
    places = [int(np.flatnonzero(_core.permutation(8, SEED, epoch) == 0)[0]) for epoch in range(4000)]
    counts = np.bincount(places, minlength=8)
    assert np.sum((counts - 500) ** 2 / 500) < 40


def test_neighbours_are_not_kept_together():
    steps = np.diff(_core.permutation(4096, SEED, 0))
    assert np.mean(np.abs(steps) == 1) < 0.01
