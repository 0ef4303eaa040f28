// The way of a single row from Python: read through NumPy's own fields, no array object is made and no tuple returned.
// Whatever is not as expected goes the long way, which words the errors.
#pragma once

#include <cmath>
#include <limits>
#include <optional>

#include "bindings/numpy_view.hpp"
#include "bindings/spec_from.hpp"
#include "core/spec.hpp"

namespace gradstream::bindings {

/// A target as the loss wants it, and the weight of its class.
struct OneTarget {
  double value;
  double weight;
};

/// Elements of a contiguous 1-D array.
template <class T>
struct Elements {
  const T* data = nullptr;  // null: not such an array
  std::int64_t count = 0;
};

/// The elements of x if it is an array of T, nothing but contiguous.
template <class T>
Elements<T> elements(PyObject* x) {
  const auto& numpy = py::detail::npy_api::get();
  if (Py_TYPE(x) != numpy.PyArray_Type_) return {};
  const auto* array = py::detail::array_proxy(x);
  if (array->descr != description<T>() || array->nd != 1) return {};
  if (array->strides[0] != static_cast<Py_ssize_t>(sizeof(T)) && array->dimensions[0] > 1) return {};
  if ((array->flags & py::detail::npy_api::NPY_ARRAY_ALIGNED_) == 0) return {};
  return {reinterpret_cast<const T*>(array->data), static_cast<std::int64_t>(array->dimensions[0])};
}

/// Whether column indices of a row increase and lie in [0, d).
template <class I>
bool are_columns(const Elements<I>& indices, std::int64_t d) {
  if (indices.count == 0) return true;
  int faults = indices.data[0] < 0 || static_cast<std::int64_t>(indices.data[indices.count - 1]) >= d ? 1 : 0;
  for (std::int64_t e = 1; e < indices.count; ++e) faults |= indices.data[e] <= indices.data[e - 1] ? 1 : 0;
  return faults == 0;
}

/// A label in Python's own type: NumPy's scalars are slow to hash and to compare. Null where there is nothing to gain.
inline py::object plain_label(PyObject* y) {
  if (PyFloat_CheckExact(y) || PyLong_CheckExact(y) || PyUnicode_CheckExact(y)) return {};
  if (PyFloat_Check(y)) return py::reinterpret_steal<py::object>(PyFloat_FromDouble(PyFloat_AS_DOUBLE(y)));
  if (PyLong_Check(y) || !PyIndex_Check(y)) return {};
  PyObject* const integer = PyNumber_Index(y);
  if (integer == nullptr) PyErr_Clear();
  return py::reinterpret_steal<py::object>(integer);
}

/// What a dictionary has for a key, held; null where it has nothing, or the key cannot be hashed: the long way says so.
inline py::object found_in(PyObject* values, PyObject* key) {
  PyObject* found = nullptr;
#if PY_VERSION_HEX >= 0x030D0000
  const bool hashed = PyDict_GetItemRef(values, key, &found) >= 0;
#else
  found = Py_XNewRef(PyDict_GetItemWithError(values, key));
  const bool hashed = PyErr_Occurred() == nullptr;
#endif
  if (!hashed) PyErr_Clear();
  return py::reinterpret_steal<py::object>(found);
}

/// The target of a label, from the dictionary of those asked for before: label -> (value, weight).
inline std::optional<OneTarget> known_target(PyObject* values, PyObject* y) {
  const py::object plain = plain_label(y);
  const py::object pair = found_in(values, plain ? plain.ptr() : y);
  if (!pair) return std::nullopt;
  return OneTarget{PyFloat_AsDouble(PyTuple_GET_ITEM(pair.ptr(), 0)),
                   PyFloat_AsDouble(PyTuple_GET_ITEM(pair.ptr(), 1))};
}

/// A finite number; NaN where y is none, or too large.
inline double plain_number(PyObject* y) {
  if (PyFloat_Check(y)) return PyFloat_AS_DOUBLE(y);
  if (!PyIndex_Check(y)) return std::numeric_limits<double>::quiet_NaN();
  const py::object integer = py::reinterpret_steal<py::object>(PyNumber_Index(y));
  const double value = integer ? PyLong_AsDouble(integer.ptr()) : -1.0;
  if (value == -1.0 && PyErr_Occurred() != nullptr) {
    PyErr_Clear();
    return std::numeric_limits<double>::quiet_NaN();
  }
  return value;
}

/// Classification: of labels met before. Regression: numbers in the loss's domain.
inline std::optional<OneTarget> one_target(const LossSpec& loss, PyObject* values, PyObject* y) {
  if (!loss.regression) return known_target(values, y);
  const double value = plain_number(y);
  if (!std::isfinite(value) || value < least_target(loss)) return std::nullopt;
  return OneTarget{value, 1.0};
}

/// A number that is a float, not negative and finite; nothing else.
inline std::optional<double> plain_weight(PyObject* weight) {
  if (!PyFloat_CheckExact(weight)) return std::nullopt;
  const double value = PyFloat_AS_DOUBLE(weight);
  if (!(value >= 0.0) || !std::isfinite(value)) return std::nullopt;
  return value;
}

}  // namespace gradstream::bindings
