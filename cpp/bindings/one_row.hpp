// The way of a single row from Python: read through NumPy's own fields, no array object is made and no tuple returned.
// Whatever is not as expected goes the long way, which words the errors.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <cmath>
#include <optional>

namespace gradstream::bindings {

namespace py = pybind11;

/// A target as the loss wants it, and the weight of its class.
struct OneTarget {
  double value;
  double weight;
};

/// The elements of x if it is a contiguous array of d elements of the dtype; null else.
template <class T>
const T* one_row(py::handle x, const py::object& dtype, std::int64_t d) {
  if (!py::detail::npy_api::get().PyArray_Check_(x.ptr())) return nullptr;
  const auto* array = py::detail::array_proxy(x.ptr());
  if (Py_TYPE(x.ptr()) != py::detail::npy_api::get().PyArray_Type_ || array->descr != dtype.ptr()) return nullptr;
  if (array->nd != 1 || array->dimensions[0] != d) return nullptr;
  if (array->strides[0] != static_cast<Py_ssize_t>(sizeof(T))) return nullptr;
  if ((array->flags & py::detail::npy_api::NPY_ARRAY_ALIGNED_) == 0) return nullptr;
  return reinterpret_cast<const T*>(array->data);
}

/// The target of a label, from the dictionary of those asked for before: label -> (value, weight).
inline std::optional<OneTarget> known_target(const py::dict& values, py::handle y) {
  PyObject* pair = PyDict_GetItemWithError(values.ptr(), y.ptr());
  if (pair == nullptr) {
    PyErr_Clear();  // not hashable: the long way says so
    return std::nullopt;
  }
  return OneTarget{PyFloat_AsDouble(PyTuple_GET_ITEM(pair, 0)), PyFloat_AsDouble(PyTuple_GET_ITEM(pair, 1))};
}

/// A number that is a float, not negative and finite; nothing else.
inline std::optional<double> plain_weight(py::handle weight) {
  if (!PyFloat_CheckExact(weight.ptr())) return std::nullopt;
  const double value = PyFloat_AS_DOUBLE(weight.ptr());
  if (!(value >= 0.0) || !std::isfinite(value)) return std::nullopt;
  return value;
}

}  // namespace gradstream::bindings
