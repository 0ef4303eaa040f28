"""What is running: versions, instruction set, threads."""

import platform
import sys

import numpy as np
import scipy
import sklearn

from gradstream import _core


def show_versions() -> None:
    """Print versions of gradstream and of what it stands on, the instruction set in use, and the threads.

    Examples
    --------
    >>> from gradstream import show_versions
    >>> show_versions()  # doctest: +ELLIPSIS
    gradstream...
    """
    info = _core.build_info()
    rows = {
        "gradstream": info.get("version", ""),
        "python": sys.version.split()[0],
        "numpy": np.__version__,
        "scipy": scipy.__version__,
        "scikit-learn": sklearn.__version__,
        "platform": platform.platform(),
        "instruction set": f"{_core.isa()} (available: {', '.join(_core.available_isas())}; GRADSTREAM_ISA chooses)",
        "threads": str(_core.max_threads()),
    }
    for name, value in (rows | {key: text for key, text in info.items() if key != "version"}).items():
        print(f"{name:>16}: {value}" if name != "gradstream" else f"gradstream {value}")
