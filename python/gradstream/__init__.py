"""One linear model across the whole line from batch to online.

The estimators are imported when first asked for, so that ``import gradstream`` costs next to nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gradstream._versions import show_versions
    from gradstream.estimators import LinearClassifier, LinearRegressor
    from gradstream.persistence import load

    __version__: str

__all__ = ["LinearClassifier", "LinearRegressor", "__version__", "load", "show_versions"]

_HOMES = {
    "LinearClassifier": "gradstream.estimators",
    "LinearRegressor": "gradstream.estimators",
    "load": "gradstream.persistence",
    "show_versions": "gradstream._versions",
}


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from gradstream import _core

        return _core.build_info()["version"]
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    if name in ("evaluation", "exceptions", "linear_model", "optim"):
        return import_module(f"gradstream.{name}")
    raise AttributeError(f"module 'gradstream' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__, "evaluation", "exceptions", "linear_model", "optim"])
