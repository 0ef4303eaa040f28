"""How many threads a call may use."""

import os

from gradstream import _core

MAX_THREADS = 1 << 15  # more than any machine has, and a C int everywhere


def thread_count(n_jobs: int | None) -> int:
    """Threads for ``n_jobs``: None is OMP_NUM_THREADS or the usable cores, -1 all processors, -2 all but one.

    Inside a joblib worker, of any backend, None means 1: the other workers have the other processors.
    """
    if n_jobs is None:
        return 1 if _inside_joblib_worker() else _core.max_threads()
    if n_jobs == 0:
        raise ValueError("n_jobs = 0 has no meaning. Use None, a positive number of threads, or -1 for all processors.")
    return min(n_jobs, MAX_THREADS) if n_jobs > 0 else max(1, (os.cpu_count() or 1) + 1 + n_jobs)


def _inside_joblib_worker() -> bool:
    from joblib.parallel import get_active_backend

    return (get_active_backend()[0].nesting_level or 0) > 0
