// NumPy arrays to views, without a copy. The only place that knows how Python holds numbers.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <string>

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

/// NumPy's own description of a type, which nearly every array of it points to.
template <class T>
PyObject* description() {
  static PyObject* const own = py::dtype::of<T>().release().ptr();
  return own;
}

/// By value, not by identity: arrays that were unpickled or memory-mapped bring a dtype object of their own.
inline bool is_of(const py::array& array, PyObject* wanted) {
  return py::detail::array_proxy(array.ptr())->descr == wanted || array.dtype().equal(py::handle(wanted));
}
template <class T>
bool holds(const py::array& array) {
  return is_of(array, description<T>());
}

/// C-contiguous, and every element where its type may be read.
inline bool is_plain(const py::array& array) {
  constexpr int kPlain = int{py::array::c_style} | int{py::detail::npy_api::NPY_ARRAY_ALIGNED_};
  return (array.flags() & kPlain) == kPlain;
}

/// A plain array of `size` elements of a type; else TypeError or ValueError about `name`.
py::array plain_array(const py::object& object, PyObject* description, std::int64_t size, const char* name);

/// Elements of a plain array of T, borrowed. `needed_` or null for None; those to be written to are not read-only.
template <class T>
const T* needed_elements(const py::object& object, std::int64_t size, const char* name) {
  return static_cast<const T*>(plain_array(object, description<T>(), size, name).data());
}
template <class T>
T* needed_writable_elements(const py::object& object, std::int64_t size, const char* name) {
  return static_cast<T*>(plain_array(object, description<T>(), size, name).mutable_data());
}
template <class T>
const T* elements_of(const py::object& object, std::int64_t size, const char* name) {
  return object.is_none() ? nullptr : needed_elements<T>(object, size, name);
}
template <class T>
T* writable_elements_of(const py::object& object, std::int64_t size, const char* name) {
  return object.is_none() ? nullptr : needed_writable_elements<T>(object, size, name);
}

/// CSR validity (Status) of a tuple; ok for an array.
Status check_rows(const py::object& X);

inline const double* doubles(const py::object& array, std::int64_t size, const char* name) {
  return elements_of<double>(array, size, name);
}
inline double* writable_doubles(const py::object& array, std::int64_t size, const char* name) {
  return writable_elements_of<double>(array, size, name);
}
inline const double* needed_doubles(const py::object& array, std::int64_t size, const char* name) {
  return needed_elements<double>(array, size, name);
}
inline double* needed_writable_doubles(const py::object& array, std::int64_t size, const char* name) {
  return needed_writable_elements<double>(array, size, name);
}

py::array_t<double> to_array(const double* data, std::int64_t size);
py::array_t<double> to_array(const double* data, std::int64_t rows, std::int64_t columns);

inline py::tuple to_tuple(const Status& status) {
  static const py::handle ok = py::make_tuple(name(Code::ok), -1).release();  // what nearly every call answers
  if (status.ok() && status.row == -1) return py::reinterpret_borrow<py::tuple>(ok);
  return py::make_tuple(name(status.code), status.row);
}

}  // namespace gradstream::bindings
