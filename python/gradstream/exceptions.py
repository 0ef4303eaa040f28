"""Errors and warnings that gradstream raises beside scikit-learn's own."""

from sklearn.exceptions import ConvergenceWarning, NotFittedError

__all__ = ["ConvergenceWarning", "DivergenceError", "NotFittedError", "SavedFileError"]


class DivergenceError(ValueError):
    """A coefficient became infinite or NaN although the data are finite.

    The message names the row or the step. The estimator is what it was before the call.

    Notes
    -----
    A subclass of :class:`ValueError`, because that is what :class:`sklearn.linear_model.SGDClassifier` raises there.

    Examples
    --------
    >>> from gradstream.exceptions import DivergenceError
    >>> issubclass(DivergenceError, ValueError)
    True
    """


class SavedFileError(ValueError):
    """A file is not what ``save`` wrote: damaged, cut short, of another format version or of an unknown class.

    The message names the file and what is wrong with it. A file that cannot be opened is an :class:`OSError` as usual.

    Examples
    --------
    >>> import os, tempfile
    >>> import gradstream
    >>> from gradstream.exceptions import SavedFileError
    >>> with tempfile.NamedTemporaryFile(delete=False) as file:
    ...     _ = file.write(b"a text")
    >>> try:
    ...     model = gradstream.load(file.name)
    ... except SavedFileError as error:
    ...     print("fall back on an older file")
    fall back on an older file
    >>> os.unlink(file.name)
    """
