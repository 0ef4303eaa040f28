"""Progressive log loss and MAE of learners that nobody tuned, on fourteen streams; see benchmarks/README.md."""

import argparse
import math
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from compare.stream_contenders import CONTENDERS, losses, quietly
from compare.streams import RECIPES, Stream, read

VARIABLE = "GRADSTREAM_STREAMS"
NEAR = 1.01  # what counts as being the best
DIVERGED = 1e3  # times the loss of the mean so far


@dataclass
class Table:
    """Mean losses by stream and contender; NaN where a contender is not installed."""

    streams: list[Stream] = field(default_factory=list)
    scores: list[dict[str, float]] = field(default_factory=list)
    units: list[float] = field(default_factory=list)  # MAE of the mean so far, 1 for log loss

    def add(self, stream: Stream, contenders: list[str]) -> None:
        """Run the contenders on one more stream."""
        unit = 1.0 if stream.binary else float(losses(_mean_so_far(stream.y), stream).mean())
        self.streams.append(stream)
        self.units.append(unit)
        self.scores.append({name: _score(name, stream, DIVERGED * unit) for name in contenders})

    def means(self, contender: str, *, binary: bool) -> float:
        """Return the mean log loss, or the mean of MAE in units of the MAE of the mean so far."""
        chosen = [
            score[contender] / unit
            for stream, score, unit in zip(self.streams, self.scores, self.units, strict=True)
            if stream.binary == binary
        ]
        return float(np.mean(chosen)) if chosen else math.nan

    def near_the_best(self, contender: str) -> int:
        """Count the streams where the contender is the best or within 1 % of it."""
        least = [min(filter(math.isfinite, score.values()), default=-math.inf) for score in self.scores]
        return sum(score[contender] <= NEAR * best for score, best in zip(self.scores, least, strict=True))


def _mean_so_far(y: np.ndarray) -> np.ndarray:
    return np.concatenate([[0.0], np.cumsum(y)[:-1]]) / np.maximum(np.arange(len(y)), 1)


def _score(name: str, stream: Stream, limit: float) -> float:
    predicted = quietly(CONTENDERS[name], stream)
    if predicted is None:
        return math.nan
    mean = float(losses(predicted, stream).mean())
    return mean if mean < limit else math.inf


def _cell(value: float) -> str:
    if math.isnan(value):
        return "not installed"
    if math.isinf(value):
        return "diverges"
    return f"{value:.4f}" if value < 10 else f"{value:,.2f}" if value < 1000 else f"{value:,.0f}"


def _line(title: str, cells: list[str]) -> str:
    return f"{title:<28}" + "".join(f"{cell:>18}" for cell in cells)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", default=os.environ.get(VARIABLE), help=f"data; default ${VARIABLE}")
    parser.add_argument("--streams", nargs="+", choices=RECIPES, default=list(RECIPES), metavar="STREAM")
    parser.add_argument("--contenders", nargs="+", choices=CONTENDERS, default=list(CONTENDERS), metavar="CONTENDER")
    parser.add_argument("--rows", type=int, default=60_000, help="at most so many first rows of each stream")
    return parser.parse_args()


def main() -> None:
    """Print a line for every stream as it is done, then the means."""
    chosen = _arguments()
    if chosen.folder is None or not Path(chosen.folder).is_dir():
        sys.exit(f"No data, nothing run: folder = {chosen.folder}; name a folder with the streams, or set {VARIABLE}.")
    table = Table()
    print(_line("progressive loss", chosen.contenders), flush=True)
    for name in chosen.streams:
        try:
            stream = read(Path(chosen.folder), name, chosen.rows)
        except FileNotFoundError as missing:
            print(f"{name:<28}  skipped: {missing}", flush=True)
            continue
        table.add(stream, chosen.contenders)
        kind = "log loss" if stream.binary else "MAE"
        print(_line(f"{name}, {kind}", [_cell(value) for value in table.scores[-1].values()]), flush=True)
    for title, binary in (("mean log loss", True), ("mean MAE / mean so far's", False)):
        if any(stream.binary == binary for stream in table.streams):
            print(_line(title, [_cell(table.means(contender, binary=binary)) for contender in chosen.contenders]))
    if table.streams:
        counts = [f"{table.near_the_best(contender)} of {len(table.streams)}" for contender in chosen.contenders]
        print(_line("within 1 % of the best", counts))


if __name__ == "__main__":
    main()
