"""What the benchmarks vary, and how they time what asv does not time for them."""

import time
from collections.abc import Callable

DTYPES = ["float32", "float64"]
DENSE_SHAPES = [(2_000, 30), (200_000, 30), (50_000, 400)]  # fits in L2; rows; width
LAYOUTS = ["dense", "csr"]
OPTIMIZERS = ["sgd", "momentum", "adagrad", "adam"]
BATCH_SIZES = [32, 128, 512]
THREADS = [1, 2]


def best_seconds(call: Callable[[], object], *, at_least: float = 0.2, repeats: int = 5) -> float:
    """Return the least time of one call, over ``repeats`` calls and ``at_least`` seconds of them."""
    times: list[float] = []
    while len(times) < repeats or sum(times) < at_least:
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return min(times)
