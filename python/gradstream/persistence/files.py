"""``save`` and ``load``."""

from __future__ import annotations

import os
from typing import Any

from gradstream import _core
from gradstream.exceptions import SavedFileError
from gradstream.persistence import layout
from gradstream.persistence.codec import Decoder, Encoder
from gradstream.persistence.register import registration_of
from gradstream.persistence.replace import replace


def save(value: Any, path: str | os.PathLike[str]) -> None:
    """Write an object of a registered class to a file, at once or not at all."""
    registration = registration_of(value)
    if registration is None:
        raise TypeError(f"{value!r:.200} is of {type(value)}, which is not saved: only gradstream's own classes are.")
    encoder = Encoder()
    coded = encoder.object(value, registration, type(value).__name__)
    header = {"gradstream": _core.build_info()["version"], "object": coded}
    replace(path, lambda stream: layout.write(stream, header, encoder.arrays))


def load(path: str | os.PathLike[str]) -> Any:
    """Return what ``save`` has written: a model that goes on with the next row as if it had never stopped.

    Parameters
    ----------
    path : str or path-like
        The file.

    Returns
    -------
    model : object
        Of the class that was saved: an estimator, or what ``frozen()`` returns.

    Raises
    ------
    SavedFileError
        If the file is damaged, cut short, of another format version, of a class that this version does not know, or no
        file of ``save`` at all.
    OSError
        If the file cannot be read.

    Notes
    -----
    Nothing in the file is executed, and no pickle is read. Checksums find accidents, they are no signature: whoever may
    write the file decides what the model predicts. The layout is in ``docs/guide/saving.md``.

    Examples
    --------
    >>> import tempfile, os
    >>> from sklearn.datasets import load_diabetes
    >>> import gradstream
    >>> X, y = load_diabetes(return_X_y=True)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "model.gsm")
    ...     gradstream.LinearRegressor().fit(X[:300], y[:300]).save(path)
    ...     model = gradstream.load(path)
    >>> model.partial_fit(X[300:], y[300:]).n_samples_seen_
    442
    """
    with open(path, "rb") as stream:
        try:
            header, arrays = layout.read(stream, os.fstat(stream.fileno()).st_size)
            coded = header["object"]
            if not isinstance(coded, dict) or coded.get("$") != "object":
                raise SavedFileError("its header describes no object")
            return Decoder(arrays, _memory()).decode(coded)
        except SavedFileError as error:
            raise SavedFileError(f"{os.fspath(path)!r} is not a model that can be loaded: {error}.") from None
        except (
            *(ValueError, TypeError, LookupError, AttributeError, ArithmeticError),
            *(RecursionError, MemoryError, AssertionError),
        ) as error:
            raise SavedFileError(
                f"{os.fspath(path)!r} is not a model that can be loaded: its contents do not describe one "
                f"({type(error).__name__}: {error})."
            ) from error


def _memory() -> int:
    """Return the bytes of memory that this machine has: of a sparse model, a file holds only what it has met."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):  # Windows
        return 2**36
