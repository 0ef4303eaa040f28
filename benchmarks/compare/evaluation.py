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

OURS, LATE, THEIRS = 400_000, 20_000, 2_000  # rows; a call of ours takes 1 ms besides
WANTED = 100  # times our time for a row


def main() -> None:
    """Print nanoseconds per row of learning, of learning and scoring, and of river's loop; and the ratios."""
    rows = gaussian(OURS, 30)
    X, y, classes = rows.X, rows.y, [-1, 1]
    pairs = [(dict(enumerate(x)), t > 0) for x, t in zip(X[:THEIRS].tolist(), y[:THEIRS].tolist(), strict=True)]

    def model() -> LinearClassifier:
        return LinearClassifier(n_jobs=1)

    def river(model: Callable[[], object]) -> Callable[[], object]:
        return lambda: evaluate.progressive_val_score(pairs, model(), metrics.LogLoss() + metrics.Accuracy())

    scaled = river(lambda: preprocessing.StandardScaler() | linear_model.LogisticRegression())
    calls: dict[str, tuple[int, Callable[[], object]]] = {
        "partial_fit": (OURS, lambda: model().partial_fit(X, y, classes)),
        "progressive_fit, decision values": (
            OURS,
            lambda: model().progressive_fit(X, y, classes, method="decision_function"),
        ),
        "progressive_fit, probabilities": (OURS, lambda: model().progressive_fit(X, y, classes)),
        "progressive_fit, labels 10 rows late": (
            LATE,
            lambda: model().progressive_fit(X[:LATE], y[:LATE], classes, delay=10),
        ),
        "progressive_validate": (OURS, lambda: progressive_validate(model(), X, y)),
        "river, StandardScaler and LogisticRegression": (THEIRS, scaled),
        "river, LogisticRegression alone": (THEIRS, river(linear_model.LogisticRegression)),
    }
    timing = alternate([call for _, call in calls.values()], repeats=9)
    per_row = {name: seconds / n * 1e9 for (name, (n, _)), seconds in zip(calls.items(), timing.seconds, strict=True)}
    ours, learning = per_row["progressive_validate"], per_row["partial_fit"]
    print(f"log loss and accuracy, 30 columns, one thread; other load {timing.others:.2f} CPUs")
    print(f"{'':<48}{'ns/row':>8} {'partial_fit = 1':>16} {'progressive_validate = 1':>25}")
    for name, nanoseconds in per_row.items():
        print(f"{name:<48}{nanoseconds:>8.0f} {nanoseconds / learning:>16.2f} {nanoseconds / ours:>25.2f}")
    print(f"river with its scaler is to take {WANTED} times as long as progressive_validate")


if __name__ == "__main__":
    main()
