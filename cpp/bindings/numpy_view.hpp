// NumPy arrays to views, without a copy. The only place that knows how Python holds numbers.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <optional>

#include "core/status.hpp"
#include "views/rows.hpp"

namespace gradstream::bindings {

namespace py = pybind11;

/// A view and the arrays that keep its memory alive.
struct Rows {
  AnyView view;
  std::int64_t count;
  std::int64_t columns;
  py::object owner;
  bool sparse;
};

/// A 2-D float32/float64 array of any strides, or a CSR tuple (data, indices, indptr, n_features). Throws
/// py::type_error / py::value_error.
Rows rows_from(const py::object& X);

/// By value, not by identity: arrays that were unpickled or memory-mapped bring a dtype object of their own.
template <class T>
bool holds(const py::array& array) {
  static PyObject* const wanted = py::dtype::of<T>().release().ptr();
  return py::detail::array_proxy(array.ptr())->descr == wanted || array.dtype().equal(py::handle(wanted));
}

/// CSR validity (Status) of a tuple; ok for an array.
Status check_rows(const py::object& X);

/// A C-contiguous float64 array of `size` elements, borrowed; null for None. `name` is for the error.
const double* doubles(const py::object& array, std::int64_t size, const char* name);
double* writable_doubles(const py::object& array, std::int64_t size, const char* name);

py::array_t<double> to_array(const double* data, std::int64_t size);
py::array_t<double> to_array(const double* data, std::int64_t rows, std::int64_t columns);

inline py::tuple to_tuple(const Status& status) {
  static const py::handle ok = py::make_tuple(name(Code::ok), -1).release();  // what nearly every call answers
  if (status.ok() && status.row == -1) return py::reinterpret_borrow<py::tuple>(ok);
  return py::make_tuple(name(status.code), status.row);
}

}  // namespace gradstream::bindings
