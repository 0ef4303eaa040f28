"""Curves of any stream, cut anywhere, against sums over the rows that they are of."""

from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradstream.evaluation import METRICS, scoreboard
from gradstream.evaluation.rows import ScoredRows

RTOL = 1e-12
SMALL = {"BLOCK_ROWS": 40, "MOST_PARTS": 3, "MOST_POINTS": 30, "FEWEST_POINTS": 15}


@st.composite
def streams(draw):
    """Rows in pieces, and what is asked of them."""
    sizes = draw(st.lists(st.integers(1, 60), min_size=1, max_size=12))
    window = draw(st.none() | st.integers(1, 80))
    every = draw(st.none() | st.integers(1, 50))
    known = draw(st.booleans())
    return sizes, window, every, known, draw(st.integers(0, 2**32 - 1)), draw(st.booleans())


def curves_of(rules, rows, sizes):
    board = scoreboard.Scoreboard(rules)
    start = 0
    for size in sizes:
        board.add(rows.part(start, start + size), 3)
        start += size
    return board.finish(3), board.points


@settings(max_examples=150)
@given(streams())
def test_curves_are_weighted_means(stream):
    """Blocks of 40 rows and at most 30 points, so that short streams have many blocks and thin out."""
    sizes, window, every, known, seed, weighted = stream
    rng = np.random.default_rng(seed)
    n = sum(sizes)
    weights = rng.integers(0, 3, n) * 1.0 if weighted else None
    rows = ScoredRows(rng.integers(0, 3, n), weights, labels=rng.integers(0, 3, n), truth=rng.uniform(0.01, 0.99, n))
    metrics = tuple(METRICS[name] for name in ("log_loss", "accuracy", "balanced_accuracy"))
    rules = scoreboard.Rules("classification", metrics, window, 0.9, every, n if known else None)
    with mock.patch.multiple(scoreboard, **SMALL):
        found, points = curves_of(rules, rows, sizes)
    assert points[-1] == n
    assert (np.diff(points) > 0).all()
    assert every or len(points) <= 31
    check(found["model"], points, rows, window)
    assert bool(found["model"]["rolling"]) == (window is not None)


def check(curves, points, rows, window):
    s = np.ones(len(rows)) if rows.weights is None else rows.weights
    numbers = {"log_loss": -np.log(rows.truth), "accuracy": rows.labels == rows.y}
    for i, point in enumerate(points):
        parts = {"cumulative": (0, s), "fading": (0, s * 0.9 ** (point - 1.0 - np.arange(len(s))))}
        if window is not None:
            parts["rolling"] = (max(0, point - window), s)
        for kind, (start, weights) in parts.items():
            part, w = slice(start, point), weights[start:point]
            for name, values in numbers.items():
                expected = (values[part] * w).sum() / w.sum() if w.sum() > 0 else np.nan
                assert curves[kind][name][i] == pytest.approx(expected, rel=RTOL, nan_ok=True)
            recalls = [
                (numbers["accuracy"][part] * w)[rows.y[part] == k].sum() / w[rows.y[part] == k].sum()
                for k in range(3)
                if w[rows.y[part] == k].sum() > 0
            ]
            expected = np.mean(recalls) if recalls else np.nan
            assert curves[kind]["balanced_accuracy"][i] == pytest.approx(expected, rel=RTOL, nan_ok=True)


@settings(max_examples=100)
@given(streams())
def test_r2_is_of_the_rows_of_the_window(stream):
    sizes, window, every, known, seed, weighted = stream
    rng = np.random.default_rng(seed)
    n = sum(sizes)
    y = np.cumsum(rng.normal(size=n)) + 1e3
    s = rng.uniform(0.5, 2, n) if weighted else np.ones(n)
    rows = ScoredRows(y, s if weighted else None, values=y + rng.normal(size=n))
    rules = scoreboard.Rules("regression", (METRICS["r2"],), window, None, every, n if known else None)
    with mock.patch.multiple(scoreboard, **SMALL):
        found, points = curves_of(rules, rows, sizes)
    for kind, curve in ((kind, curves["r2"]) for kind, curves in found["model"].items() if curves):
        for point, value in zip(points, curve, strict=True):
            part = slice(0 if kind == "cumulative" else max(0, point - window), point)
            if part.stop - part.start > 1:
                distances = s[part] * (y[part] - np.average(y[part], weights=s[part])) ** 2
                residuals = s[part] * (y[part] - rows.values[part]) ** 2
                assert value == pytest.approx(1 - residuals.sum() / distances.sum(), rel=1e-10, abs=1e-10)
