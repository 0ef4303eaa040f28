"""Compiles what export() writes and calls it."""

import ctypes
import shutil
import subprocess

import numpy as np

COMPILER = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
FLAGS = ["-std=c99", "-Wall", "-Wextra", "-pedantic", "-Werror", "-shared", "-fPIC"]

# Calls every function from one place, so that the test needs no layout of the struct.
DRIVER = """
#include "{source}"
#include <stdlib.h>
gradstream_model *driver_new(void);
gradstream_model *driver_new(void) {{
  gradstream_model *model = malloc(sizeof *model);
  if (model) gradstream_start(model);
  return model;
}}
"""


class Exported:
    """The functions of an exported model; ``model`` is a state that learns, where there is one."""

    def __init__(self, estimator, folder):
        source, library = folder / "model.c", folder / "model.so"
        estimator.export(source)
        self.text = source.read_text("utf-8")
        self.learns = "gradstream_learn_one(" in self.text
        if self.learns:
            source = folder / "driver.c"
            source.write_text(DRIVER.format(source=folder / "model.c"))
        build(source, library, [])
        self.library = ctypes.CDLL(str(library))
        self.regressor = "GRADSTREAM_CLASSES" not in self.text
        self.columns = int(self.text.split("#define GRADSTREAM_COLUMNS ")[1].split()[0])
        for name in ("gradstream_predict", "gradstream_model_predict"):
            if f"{name}(" in self.text:
                getattr(self.library, name).restype = ctypes.c_double if self.regressor else ctypes.c_int
        if self.learns:
            self.library.driver_new.restype = ctypes.c_void_p
            self.model = ctypes.c_void_p(self.library.driver_new())

    def each(self, function, X, *first, columns=0):
        """One call per row: what comes back, or what is written to (columns,) doubles."""
        call = getattr(self.library, function)
        out = np.zeros((len(X), columns)) if columns else []
        for i, x in enumerate(np.ascontiguousarray(X, np.float64)):
            if columns:
                call(*first, pointer(x), pointer(out[i]))
            else:
                out.append(call(*first, pointer(x)))
        return np.asarray(out)

    def learn_one(self, x, y, weight=1.0):
        """0, or 1 for a row that is refused."""
        target = ctypes.c_double(y) if self.regressor else ctypes.c_int(int(y))
        return self.library.gradstream_learn_one(
            self.model, pointer(np.ascontiguousarray(x, np.float64)), target, ctypes.c_double(weight)
        )


def pointer(array):
    return array.ctypes.data_as(ctypes.POINTER(ctypes.c_double))


def build(source, target, flags):
    command = [COMPILER, *FLAGS, *flags, str(source), "-o", str(target), "-lm"]
    subprocess.run(command, check=True, capture_output=True, text=True)
