"""A bar on the terminal while a long stream runs. rich is optional, and only imported to draw one."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec


@contextmanager
def progress_bar(progress: bool | str, n_rows: int | None) -> Iterator[Callable[[int], None]]:
    """Yield a function that is told how many rows have gone by since it was last called.

    Parameters
    ----------
    progress : bool or "auto"
        True and "auto" draw on standard error if that is a terminal; "auto" does without where rich is not installed.
    n_rows : int or None
        Rows to come, if known.

    Raises
    ------
    ImportError
        If ``progress=True`` and rich is not installed.
    ValueError
        If ``progress`` is something else.
    """
    if progress not in (True, False, "auto"):
        raise ValueError(f"progress={progress!r}: allowed are True, False and 'auto'.")
    if progress is True and find_spec("rich") is None:
        raise ImportError('progress=True draws with rich, which is not installed: pip install "gradstream[progress]".')
    if not progress or not sys.stderr.isatty() or find_spec("rich") is None:
        yield lambda rows: None
        return
    with _rich_bar(n_rows) as advance:
        yield advance


@contextmanager
def _rich_bar(n_rows: int | None) -> Iterator[Callable[[int], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("rows", total=n_rows)
        yield lambda rows: bar.advance(task, rows)
