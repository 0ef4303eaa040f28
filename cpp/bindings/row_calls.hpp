// _core.OneRow: what single rows are learnt and predicted with. An object of C's own: a call through pybind11 takes
// longer than a step.
#pragma once

#include <pybind11/pybind11.h>

#include <cstdint>

namespace gradstream::bindings {

namespace py = pybind11;

/// What a handle on a model's arrays does with a single row. False: not a row that the core reads as it is, or it could
/// not be learnt; nothing has changed then.
class RowCalls {
 public:
  virtual ~RowCalls() = default;
  virtual bool learn_row(PyObject* x, PyObject* y, PyObject* weight, PyObject* values) = 0;
  /// Margins (K,) into out.
  virtual bool report_row(PyObject* x, double* out) = 0;
  virtual std::int64_t columns() const = 0;
};

/// `owner` keeps the handle alive; `values`: label -> (target, weight), as far as known.
py::object new_one_row(py::handle owner, RowCalls& calls, const py::dict& values);

template <class Handle>
py::object one_row_of(const py::object& owner, const py::dict& values) {
  return new_one_row(owner, owner.cast<Handle&>(), values);
}

}  // namespace gradstream::bindings
