"""The classes that a file may hold, by the names that are written into it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from gradstream.exceptions import SavedFileError

# Rooms whose import registers the classes of a name. Nothing else is ever imported because a file says so.
_HOMES = {
    "gradstream": "gradstream.estimators",
    "gradstream.optim": "gradstream.estimators._saved",
    "gradstream.linear_model": "gradstream.linear_model",
    "gradstream.svm": "gradstream.svm",
}


@dataclass(frozen=True)
class Registration:
    """A class that files may hold, its name in them, and what its constructor is called with."""

    name: str
    cls: type[Any]
    parameters: Callable[[Any], dict[str, Any]]


_registrations: dict[str, Registration] = {}


def _constructor_parameters(value: Any) -> dict[str, Any]:
    return value.get_params(deep=False)


def register(name: str, cls: type[Any], parameters: Callable[[Any], dict[str, Any]] = _constructor_parameters) -> None:
    """Let files hold objects of a class.

    Parameters
    ----------
    name : str
        What is written into files, for ever: the name that users import, ``"gradstream.linear_model.SGDClassifier"``.
    cls : type
        Its objects are ``cls(**parameters(object))`` followed, where the class has them, by
        ``set_state(get_state())``; both have to give and take what :func:`plain_copy` lets through.
    parameters : callable, default=``get_params(deep=False)``
        Object to the parameters of its constructor.

    Raises
    ------
    ValueError
        If the name stands for another class already.
    """
    known = _registrations.setdefault(name, Registration(name, cls, parameters))
    if known.cls is not cls:
        raise ValueError(f"name = {name!r} stands for {known.cls!r} already. Register {cls!r} under its own name.")


def registration_of(value: Any) -> Registration | None:
    """Return what is known of an object's class, None if it is not registered. A subclass is another class."""
    cls = type(value)
    return next((entry for entry in _registrations.values() if entry.cls is cls), None)


def class_of(name: Any) -> type[Any]:
    """Return the class of a name, or raise SavedFileError."""
    if not isinstance(name, str):
        raise SavedFileError(f"it holds an object of class {name!r}, which is no name")
    if name not in _registrations:
        home = _HOMES.get(name.rpartition(".")[0])
        if home is not None:
            try:
                getattr(import_module(home), name.rpartition(".")[2], None)  # rooms import a class when it is asked for
            except ModuleNotFoundError as error:
                if error.name != home:  # something that the room needs is missing: that is not the file's fault
                    raise
    if name not in _registrations:
        raise SavedFileError(
            f"it holds an object of class {name!r}, which this version of gradstream does not know. Known: "
            f"{', '.join(sorted(_registrations))}"
        )
    return _registrations[name].cls
