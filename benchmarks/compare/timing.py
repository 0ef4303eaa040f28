"""Two sides of a ratio, timed in turns, and how much of the machine others took meanwhile."""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

Call = Callable[[], object]
ONE_THREAD = 1


@dataclass(frozen=True)
class Timing:
    """Least seconds of each side, and the CPUs that other processes took on average (NaN where unknown)."""

    seconds: tuple[float, ...]
    others: float


def alternate(calls: Sequence[Call], *, repeats: int = 7, threads: int = ONE_THREAD) -> Timing:
    """Time calls in turns, after one round that warms caches up.

    With one thread: pinned to one CPU, in seconds of the calling thread, so that neither a neighbour on that CPU costs
    the line, nor threads of BLAS that still spin after a call of the other side (they doubled lines after one).
    """
    clock = time.thread_time if threads == ONE_THREAD else time.perf_counter
    with _pinned(threads == ONE_THREAD):
        for call in calls:
            call()
        times: list[list[float]] = [[] for _ in calls]
        before = _busy()
        for _ in range(repeats):
            for call, taken in zip(calls, times, strict=True):
                start = clock()
                call()
                taken.append(clock() - start)
        others = _others(before, _busy())
    return Timing(tuple(min(taken) for taken in times), others)


@contextmanager
def _pinned(wanted: bool) -> Iterator[None]:
    """Keep the calling thread on the last of its CPUs, where there is such a choice."""
    if not (wanted and hasattr(os, "sched_setaffinity")):
        yield
        return
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(allowed)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)


def _busy() -> tuple[float, float, float]:
    """Return seconds on the wall, busy seconds of all CPUs, and of this process."""
    stat = Path("/proc/stat")
    busy = float("nan")
    if stat.exists():
        user, nice, system, _idle, _iowait, irq, softirq, steal = map(int, stat.read_text().split()[1:9])
        busy = (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")
    return time.perf_counter(), busy, time.process_time()


def _others(before: tuple[float, float, float], after: tuple[float, float, float]) -> float:
    wall, busy, own = (late - early for early, late in zip(before, after, strict=True))
    return max(0.0, (busy - own) / wall)
