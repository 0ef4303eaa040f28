"""Import time, in fresh interpreters."""

import subprocess
import sys

from compare.timing import alternate

PROGRAM = """
import time
import sklearn.base
start = time.perf_counter()
{statement}
print(time.perf_counter() - start)
"""


def import_seconds(statement: str, repeats: int = 5) -> tuple[float, float]:
    """Return the least seconds of the statement after ``import sklearn.base``, and the CPUs others took meanwhile."""
    program = [sys.executable, "-c", PROGRAM.format(statement=statement)]
    taken: list[float] = []
    timing = alternate(
        [lambda: taken.append(float(subprocess.run(program, capture_output=True, check=True, text=True).stdout))],
        repeats=repeats,
    )
    return min(taken), timing.others
