// Who hears of the iterations of a fit.
#pragma once

#include <pybind11/pybind11.h>

#include <chrono>
#include <utility>

namespace gradstream::bindings {

/// Tells Python after an iteration, and looks for Ctrl-C; without a listener at most every 50 ms.
class Listener {
 public:
  explicit Listener(pybind11::object callback) : callback_(std::move(callback)) {}
  bool operator()(int iteration, double objective, double optimality) {
    if (callback_.is_none()) {
      look_up();
      return true;
    }
    last_ = std::chrono::steady_clock::now();
    const pybind11::gil_scoped_acquire locked;
    if (PyErr_CheckSignals() != 0) throw pybind11::error_already_set();
    return callback_(iteration, objective, optimality).cast<bool>();
  }
  /// Looks for Ctrl-C alone.
  void look_up() {
    const auto now = std::chrono::steady_clock::now();
    if (now - last_ < std::chrono::milliseconds(50)) return;
    last_ = now;
    const pybind11::gil_scoped_acquire locked;
    if (PyErr_CheckSignals() != 0) throw pybind11::error_already_set();
  }

 private:
  pybind11::object callback_;
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

}  // namespace gradstream::bindings
