"""Saving and loading against pickle, joblib and skops; ten threads that predict while one learns. See the README."""

import pickle
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import joblib
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.data import gaussian, text
from compare.timing import alternate
from gradstream import LinearClassifier, load
from gradstream.persistence import layout
from gradstream.persistence.codec import Encoder
from gradstream.persistence.register import registration_of

SERVERS, SECONDS = 10, 3.0


@dataclass(frozen=True)
class Format:
    """A way to a file and back."""

    name: str
    save: Callable[[object, Path], object]
    load: Callable[[Path], object]


def formats() -> Iterator[Format]:
    """Ours, and the others that are installed. Only ours waits for the disk, so it is shown without as well."""
    yield Format("gradstream save, load", lambda model, path: model.save(path), load)
    yield Format("the same, not waiting for the disk", write_only, load)
    yield Format("pickle", lambda model, path: path.write_bytes(pickle.dumps(model, 5)), unpickled)
    yield Format("joblib", joblib.dump, joblib.load)
    if find_spec("skops") is not None:
        from skops import io

        yield Format("skops", io.dump, lambda path: io.load(path, trusted=io.get_untrusted_types(file=path)))


def write_only(model: object, path: Path) -> None:
    encoder = Encoder()
    coded = encoder.object(model, registration_of(model), "model")
    with open(path, "wb") as stream:
        layout.write(stream, {"gradstream": "", "object": coded}, encoder.arrays)


def unpickled(path: Path) -> object:
    with open(path, "rb") as stream:
        return pickle.load(stream)


def models() -> Iterator[tuple[str, LinearClassifier]]:
    """What is saved, by name."""
    dense, wide, words = gaussian(20_000, 30), gaussian(300, 100_000), text(20_000)
    yield "30 columns, the bank", LinearClassifier().partial_fit(dense.X, dense.y, classes=[-1, 1])
    yield "30 columns, fitted", LinearClassifier().fit(dense.X, dense.y)
    adagrad = LinearClassifier(optimizer="adagrad")
    yield "100,000 columns, adagrad", adagrad.partial_fit(wide.X, wide.y, classes=[-1, 1])
    yield "262,144 sparse columns, the bank", LinearClassifier().partial_fit(words.X, words.y, classes=[-1, 1])


def files(folder: Path) -> None:
    """Print milliseconds and bytes of every model in every format."""
    print(f"{'':<38}{'save ms':>10}{'load ms':>10}{'bytes':>14}")
    for name, model in models():
        print(name)
        ways, path = list(formats()), folder / "model"
        for way in ways:
            save = alternate([partial(way.save, model, path)], repeats=15, threads=0).seconds[0]
            read = alternate([partial(way.load, path)], repeats=15, threads=0).seconds[0]
            size = path.stat().st_size
            print(f"  {way.name:<36}{save * 1e3:>10.3f}{read * 1e3:>10.3f}{size:>14,}")


def one_row() -> None:
    """Print what a prediction of one row costs, frozen or not."""
    rows = gaussian(20_000, 30)
    model = LinearClassifier().partial_fit(rows.X, rows.y, classes=[-1, 1])
    frozen, x, calls = model.frozen(), rows.X[0].copy(), range(5_000)

    def many(function: Callable[[object], object]) -> Callable[[], None]:
        def repeated() -> None:
            for _ in calls:
                function(x)

        return repeated

    sides = [model.predict_one, frozen.predict_one, model.predict_proba_one, frozen.predict_proba_one]
    timing = alternate([many(side) for side in sides], repeats=9)
    names = ("predict_one", "predict_one, frozen", "predict_proba_one", "predict_proba_one, frozen")
    print(f"\none row of 30 columns, one thread; other load {timing.others:.2f} CPUs")
    for name, seconds in zip(names, timing.seconds, strict=True):
        print(f"  {name:<36}{seconds / len(calls) * 1e6:>10.2f} us")


def served(n_servers: int, *, learning: bool) -> None:
    """Print calls a second and times of calls of threads that predict, perhaps while another learns and publishes."""
    rows = gaussian(20_000, 30)
    model = LinearClassifier().partial_fit(rows.X, rows.y, classes=[-1, 1])
    published = [model.frozen()]
    stop, times, learnt = threading.Event(), [], [0]

    def serve() -> None:
        own, x = [], rows.X[0].copy()
        while not stop.is_set():
            start = time.perf_counter()
            published[0].predict_one(x)
            own.append(time.perf_counter() - start)
        times.append(np.array(own))

    def learn() -> None:
        while not stop.is_set():
            model.partial_fit(rows.X[:1_000], rows.y[:1_000])
            published[0] = model.frozen()
            learnt[0] += 1_000

    threads = [threading.Thread(target=serve) for _ in range(n_servers)]
    threads += [threading.Thread(target=learn)] if learning else []
    for thread in threads:
        thread.start()
    time.sleep(SECONDS)
    stop.set()
    for thread in threads:
        thread.join()
    taken = np.concatenate(times) * 1e6
    median, late, latest = np.percentile(taken, [50, 99, 99.9])
    name = f"{n_servers:>2} threads" + ", one more learns" * learning
    speed = f"{len(taken) / SECONDS:>12,.0f} calls/s{learnt[0] / SECONDS:>12,.0f} rows/s learnt"
    print(f"  {name:<32}{median:>8.2f}{late:>10.2f}{latest:>12.2f}{speed}")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        files(Path(folder))
    one_row()
    print("\npredict_one of frozen()             us: median      99 %      99.9 %")
    for n_servers, learning in ((1, False), (1, True), (SERVERS, False), (SERVERS, True)):
        served(n_servers, learning=learning)


if __name__ == "__main__":
    main()
