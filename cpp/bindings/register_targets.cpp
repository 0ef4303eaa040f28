// Labels and targets of a chunk as losses expect them, where there is nothing to convert and nothing wrong.
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "bindings/one_row.hpp"
#include "bindings/register.hpp"

namespace gradstream::bindings {
namespace {

constexpr double kExact = 9007199254740992.0;  // integers below 2^53 are float64 exactly

/// f(elements) of a contiguous 1-D array of numbers; false where y is something else.
template <class T, class... More, class F>
bool visit_numbers(PyObject* y, F&& f) {
  const Elements<T> found = elements<T>(y);
  if (found.data != nullptr) {
    f(found);
    return true;
  }
  if constexpr (sizeof...(More) > 0) {
    return visit_numbers<More...>(y, f);
  } else {
    return false;
  }
}

template <class F>
bool visit_labels(const py::handle& y, F&& f) {
  return visit_numbers<std::int64_t, double, std::int32_t, bool, float, std::int8_t, std::uint8_t>(y.ptr(), f);
}

/// -1 or +1 of two classes; false where a label is neither.
template <class T>
bool encode_two(const Elements<T>& labels, const std::vector<double>& classes, double* out) {
  int others = 0;
  for (std::int64_t i = 0; i < labels.count; ++i) {
    const auto label = static_cast<double>(labels.data[i]);
    others |= label != classes[0] && label != classes[1] ? 1 : 0;
    out[i] = label == classes[1] ? 1.0 : -1.0;
  }
  return others == 0;
}

/// The index of the class.
template <class T>
bool encode_many(const Elements<T>& labels, const std::vector<double>& classes, double* out) {
  for (std::int64_t i = 0; i < labels.count; ++i) {
    const auto label = static_cast<double>(labels.data[i]);
    const auto at = std::lower_bound(classes.begin(), classes.end(), label);
    if (at == classes.end() || *at != label) return false;
    out[i] = static_cast<double>(at - classes.begin());
  }
  return true;
}

py::object encode_labels(const py::handle& y, const py::handle& known) {
  std::vector<double> classes;
  const bool numbers =
      visit_labels(known, [&](const auto& elements) { classes.assign(elements.data, elements.data + elements.count); });
  const auto exact = [](double value) { return std::abs(value) < kExact; };
  if (!numbers || classes.size() < 2 || !std::all_of(classes.begin(), classes.end(), exact)) return py::none();
  py::object encoded = py::none();
  visit_labels(y, [&](const auto& labels) {
    py::array_t<double> out(labels.count);
    double* at = out.mutable_data();
    if (classes.size() == 2 ? encode_two(labels, classes, at) : encode_many(labels, classes, at)) encoded = out;
  });
  return encoded;
}

/// All finite and not below `least`.
bool are_targets(const py::handle& y, double least) {
  const Elements<double> values = elements<double>(y.ptr());
  if (values.data == nullptr) return false;
  least = std::max(least, -std::numeric_limits<double>::max());
  int others = 0;
  for (std::int64_t i = 0; i < values.count; ++i) {
    others |= values.data[i] >= least && values.data[i] <= std::numeric_limits<double>::max() ? 0 : 1;
  }
  return others == 0;
}

}  // namespace

void register_targets(py::module_& m) {
  m.def("encode_labels", &encode_labels, py::arg("y"), py::arg("classes"));
  m.def("are_targets", &are_targets, py::arg("y"), py::arg("least"));
}

}  // namespace gradstream::bindings
