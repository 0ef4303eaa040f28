// Ctrl-C while C++ runs.
#pragma once

#include <pybind11/pybind11.h>

#include "core/status.hpp"

namespace gradstream::bindings {

/// Called without the GIL. The signal stays set, for raise_interrupt.
inline bool interrupted() {
  const pybind11::gil_scoped_acquire locked;
  return PyErr_CheckSignals() != 0;
}

/// Called with the GIL: passes on what the signal handler raised.
inline void raise_interrupt(const Status& status) {
  if (status.code == Code::interrupted && PyErr_Occurred() != nullptr) throw pybind11::error_already_set();
}

}  // namespace gradstream::bindings
