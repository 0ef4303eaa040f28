"""A file that comes into being at once or not at all, whenever the process or the machine stops."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

NEW = 0o666  # less the umask
LONGEST = 240  # bytes of a name that leave room for the draft's


def replace(path: str | os.PathLike[str], write: Callable[[BinaryIO], object]) -> None:
    """Write a file beside ``path``, bring it to the disk, and give it the name; a link goes on pointing at it.

    A new file has the mode of every new file. One that is replaced keeps its own, and what is being written is never
    open to more people than that. Whoever opens ``path`` meanwhile, or after a kill, reads the old file or the new one.
    What a kill leaves behind is at most a file ``.<name>.<eight digits>.tmp`` in the same folder.
    """
    target = Path(os.path.realpath(os.fsdecode(path)))
    mode = _mode_of(target)
    name = target.name if len(os.fsencode(target.name)) <= LONGEST else target.name[: LONGEST // 4]
    draft = target.with_name(f".{name}.{os.urandom(4).hex()}.tmp")
    try:
        with open(
            draft, "xb", opener=lambda name, flags: os.open(name, flags, NEW if mode is None else mode)
        ) as stream:
            write(stream)
            stream.flush()
            os.fsync(stream.fileno())
        if mode is not None:
            with suppress(OSError):  # the umask may have taken something from it; some file systems have no modes
                os.chmod(draft, mode)
        os.replace(draft, target)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    _sync_folder(target.parent)


def _mode_of(target: Path) -> int | None:
    """Return the mode of a file that is there; a folder, a device or a pipe must not be lost to a file."""
    try:
        mode = os.stat(target).st_mode
    except FileNotFoundError:
        return None
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(target))
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, "Only a regular file is replaced, not a device, a pipe or a socket", str(target))
    return stat.S_IMODE(mode)


def _sync_folder(folder: Path) -> None:
    """Bring the folder's entry to the disk, where folders can be opened (not on Windows)."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    with suppress(OSError):  # some network file systems cannot
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
