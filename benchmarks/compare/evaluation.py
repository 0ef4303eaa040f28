"""Progressive validation against river's, whose loop it is: per row, on 30 dense columns; see benchmarks/README.md."""

import sys
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from river import evaluate, linear_model, metrics, preprocessing

from benchmarks.data import gaussian
from compare.timing import alternate
from gradstream import LinearClassifier
from gradstream.evaluation import progressive_validate

OURS, THEIRS = 400_000, 2_000  # rows; ours need enough for what a call costs to vanish


def main() -> None:
    """Print nanoseconds per row of learning, of learning and scoring, and of river's loop; and the ratios."""
    rows = gaussian(OURS, 30)
    pairs = [
        (dict(enumerate(x)), y > 0) for x, y in zip(rows.X[:THEIRS].tolist(), rows.y[:THEIRS].tolist(), strict=True)
    ]

    def river(model: Callable[[], object]) -> Callable[[], object]:
        return lambda: evaluate.progressive_val_score(pairs, model(), metrics.LogLoss() + metrics.Accuracy())

    scaled = river(lambda: preprocessing.StandardScaler() | linear_model.LogisticRegression())
    calls = {
        "gradstream partial_fit": lambda: LinearClassifier(n_jobs=1).partial_fit(rows.X, rows.y, classes=[-1, 1]),
        "gradstream progressive_validate": lambda: progressive_validate(LinearClassifier(n_jobs=1), rows.X, rows.y),
        "river, StandardScaler and LogisticRegression": scaled,
        "river, LogisticRegression alone": river(linear_model.LogisticRegression),
    }
    timing = alternate(list(calls.values()), repeats=9)
    per_row = [seconds / (OURS if i < 2 else THEIRS) * 1e9 for i, seconds in enumerate(timing.seconds)]
    print(f"log loss and accuracy, 30 columns, one thread; other load {timing.others:.2f} CPUs")
    for name, nanoseconds in zip(calls, per_row, strict=True):
        print(f"{name:<48}{nanoseconds:>10.0f} ns/row {nanoseconds / per_row[1]:>9.1f}")
    print(f"scoring costs {per_row[1] - per_row[0]:.0f} ns a row; river with its scaler is to take 100 times as long")


if __name__ == "__main__":
    main()
