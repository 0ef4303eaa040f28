// Ctrl-C while C++ runs.
#pragma once

#include <pybind11/pybind11.h>

#include "core/status.hpp"
#include "parallel/interruption.hpp"

namespace gradstream::bindings {

/// Called without the GIL. The signal stays set, for raise_interrupt.
inline bool interrupted() {
  const pybind11::gil_scoped_acquire locked;
  return PyErr_CheckSignals() != 0;
}

/// Runs a long call without the GIL; Ctrl-C ends it, and what the signal handler raised is passed on.
template <class Call>
void interruptibly(const Call& call) {
  try {
    const pybind11::gil_scoped_release unlocked;
    const parallel::Interruption interruption(interrupted);
    call();
    if (interruption.was_wanted()) throw parallel::Interrupted{};  // heard while the last block was waited for
  } catch (const parallel::Interrupted&) {
    throw pybind11::error_already_set();
  }
}

/// Called with the GIL: passes on what the signal handler raised.
inline void raise_interrupt(const Status& status) {
  if (status.code == Code::interrupted && PyErr_Occurred() != nullptr) throw pybind11::error_already_set();
}

}  // namespace gradstream::bindings
