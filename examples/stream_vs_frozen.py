"""Ways to keep a model of a changing world: frozen, retrained every month, online, batch then online.

45,211 phone calls of a Portuguese bank in date order. The batch part is 2008; every way is scored on the 17,482 calls
of 2009 and 2010, each of which it predicts before it can learn from it. ``python examples/stream_vs_frozen.py`` prints
the table; ``--save FILE`` draws the curves (matplotlib: ``pip install "gradstream[plot]"``).
"""

import argparse
import pickle
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from quickstart import CODES, encoder, read_calls, running_rate, timed
from sklearn.metrics import log_loss, roc_auc_score

from gradstream import LinearClassifier
from gradstream.evaluation import ProgressiveReport, progressive_validate

WINDOW = 1000  # calls that a point of a curve looks back on
SHORTEST = 300  # calls that it has to look back on to be drawn
MONTH = list(CODES).index("month")
RECENT = 6  # months; of 1, 2, 3, 6 and 12 the best, in hindsight
INK = {"frozen": "#b2182b", "all": "#e08214", "recent": "#8073ac", "online": "#2166ac", "both": "#1b7837"}
LABELS = {
    "frozen": "batch on 2008, then frozen",
    "all": "retrained every month, all calls so far",
    "recent": f"retrained every month, last {RECENT} months",
    "online": "online from row 1",
    "both": "batch on 2008, then online",
}


class Frozen:
    """Predicts as it was fitted; learns nothing."""

    def __init__(self, X, y):
        self.model = LinearClassifier().fit(X, y)
        self.classes_ = self.model.classes_

    def predict_proba(self, X):
        return self.model.predict_proba(X)

    def progressive_fit(self, X, y, **_):
        return self.predict_proba(X)


class Retrained(Frozen):
    """Predicts a month, then is fitted anew to the calls so far, which it has to keep: of all months, or the last."""

    def __init__(self, months, last=None):
        self.months, self.last = months, last
        self.refit()

    def refit(self):
        self.months = self.months[-self.last :] if self.last else self.months
        super().__init__(*(np.concatenate(parts) for parts in zip(*self.months, strict=True)))

    def progressive_fit(self, X, y, **_):
        predictions = self.predict_proba(X)
        self.months.append((X, y))
        self.refit()
        return predictions


@dataclass
class Outcome:
    """What a way costs, batch part included, and its scores."""

    seconds: float
    bytes: int  # of what has to be kept to go on, at most: the model, and rows if it needs them
    report: ProgressiveReport
    before: ProgressiveReport | None = None  # of the batch part, where it was predicted too


def months(calls):
    """Return the first row of every month, and the number of rows behind the last."""
    names = calls[:, MONTH]
    return [0, *(np.flatnonzero(names[1:] != names[:-1]) + 1).tolist(), len(names)]


def validated(model, stream):
    """Return the report of a model on a stream of months."""
    options = {"metrics": ["log_loss", "roc_auc"], "window": WINDOW, "every": 100, "classes": [0, 1]}
    return progressive_validate(model, stream, **options, progress=False)


def run(key, X, y, starts, split):
    """Return what one way makes of the calls; ``starts`` are months, ``split`` is where the batch part ends."""
    months = [(X[i:j], y[i:j]) for i, j in pairwise(starts)]
    past = starts.index(split)
    before = None
    if key == "online":
        model = LinearClassifier()
        before = validated(model, months[:past])
        seconds = before.seconds_learning
    elif key in ("all", "recent"):
        model, seconds = timed(Retrained, months[:past], RECENT if key == "recent" else None)
    else:
        model, seconds = timed(Frozen if key == "frozen" else LinearClassifier().fit, X[:split], y[:split])
    kept = len(pickle.dumps(model))
    report = validated(model, months[past:])
    return Outcome(seconds + report.seconds_learning, max(kept, len(pickle.dumps(model))), report, before)


def table(outcomes, y, split):
    """Return the lines of the table."""
    lines = [f"{'regime':<44}{'seconds':>9}{'kept':>9}{'log loss':>10}{'ROC AUC':>9}{'rows/s':>12}"]
    for key, outcome in outcomes.items():
        scores, report = outcome.report.scores, outcome.report
        kept = f"{outcome.bytes / 1e6:.1f} MB" if outcome.bytes > 1e6 else f"{outcome.bytes / 1e3:.0f} kB"
        speed = report.n_rows / report.seconds_learning
        lines.append(
            f"{LABELS[key]:<44}{outcome.seconds:>9.3f}{kept:>9}{scores['log_loss']:>10.4f}{scores['roc_auc']:>9.4f}"
            f"{speed:>12,.0f}"
        )
    share = running_rate(y)[split:]
    scores = f"{log_loss(y[split:], share):>10.4f}{roc_auc_score(y[split:], share):>9.4f}"
    return [*lines, f"{'no features: running share of yes':<62}{scores}"]


def draw(outcomes, y, starts, split, path):
    """Draw rolling log loss, and below it the share of yes, into a file."""
    try:
        import matplotlib
    except ImportError:
        raise SystemExit(f'{path} is not drawn: it needs matplotlib, pip install "gradstream[plot]".') from None
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, (top, bottom) = plt.subplots(
        2, 1, sharex=True, figsize=(11, 6.4), height_ratios=[3, 1], layout="constrained"
    )
    for key, outcome in outcomes.items():
        for report, first in ((outcome.before, 0), (outcome.report, split)):
            if report is not None:
                drawn = report.rows >= SHORTEST
                rows, loss = report.rows[drawn] + first, report.rolling["log_loss"][drawn]
                top.plot(rows, loss, color=INK[key], linewidth=1.8)
    shares = np.convolve(y, np.full(WINDOW, 1 / WINDOW), "valid")
    bottom.plot(np.arange(WINDOW, len(y) + 1), shares, color="0.3")
    ends = sorted(outcomes, key=lambda key: outcomes[key].report.rolling["log_loss"][-1])
    place = 0.0
    for key in ends:  # labels at the ends of the curves, far enough apart to be read
        place = max(place + 0.08, outcomes[key].report.rolling["log_loss"][-1])
        top.annotate(LABELS[key], (len(y), place), (6, 0), textcoords="offset points", color=INK[key], va="center")
    for axes in (top, bottom):
        axes.axvspan(0, split, color="0.93", linewidth=0)
        axes.axvline(split, color="0.3", linewidth=1)
        axes.spines[["top", "right"]].set_visible(False)
    top.text(split - 400, top.get_ylim()[1] * 0.97, "batch part: calls of 2008", ha="right", va="top")
    top.text(split + 400, top.get_ylim()[1] * 0.97, "scored: calls of 2009 and 2010", ha="left", va="top")
    top.set(ylabel=f"log loss, last {WINDOW:,} calls (lower is better)", ylim=(0, None))
    top.set_title("The share of yes rises: what a model loses by how it is kept up to date", loc="left")
    bottom.set(ylabel=f"share of yes,\nlast {WINDOW:,} calls", xlabel="calls in date order", xlim=(0, len(y)))
    bottom.set_xticks(*month_ticks(starts))
    figure.savefig(path, dpi=90)


def month_ticks(starts):
    """Return rows and names of some months' beginnings; the first is May 2008, and September 2008 has no calls."""
    named = {0: "May 2008", 2: "Jul", 3: "Aug", 7: "Jan 2009", 11: "May", 19: "Jan 2010"}
    return [starts[month] for month in named], [f"{starts[month]:,}\n{name}" for month, name in named.items()]


def main():
    """Print the table of the calls as they came, and of the same calls shuffled; draw the first."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--save", metavar="FILE", type=Path, help="draw the curves into this file")
    path = parser.parse_args().save
    calls, y = read_calls()
    X = encoder().fit(calls[:1]).transform(calls)
    starts = months(calls)
    split = starts[7]  # January 2009
    outcomes = {key: run(key, X, y, starts, split) for key in LABELS}
    print("The calls as they came:", *table(outcomes, y, split), "", sep="\n")
    order = np.random.default_rng(0).permutation(len(y))
    shuffled = {key: run(key, X[order], y[order], starts, split) for key in LABELS}
    print("The same calls in random order, so that nothing changes:", *table(shuffled, y[order], split), sep="\n")
    if path is not None:
        draw(outcomes, y, starts, split, path)


if __name__ == "__main__":
    main()
