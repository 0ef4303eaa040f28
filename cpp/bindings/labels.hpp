// Labels to classes, in one pass over an array of numbers. Whatever is not as expected goes the long way, which words
// the errors.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>

#include "bindings/numpy_view.hpp"

namespace gradstream::bindings {

/// f(pointer, n) on a contiguous 1-D array of numbers; what f gives for null when it is none. Subclasses are none: what
/// a masked array holds is not all there is to it.
template <class F>
auto with_numbers(const py::handle& object, F&& f) {
  const double* none = nullptr;
  if (Py_TYPE(object.ptr()) != py::detail::npy_api::get().PyArray_Type_) return f(none, std::int64_t{0});
  const auto array = py::reinterpret_borrow<py::array>(object);
  if (array.ndim() != 1 || !is_plain(array)) return f(none, std::int64_t{0});
  const auto n = static_cast<std::int64_t>(array.shape(0));
  if (holds<std::int64_t>(array)) return f(static_cast<const std::int64_t*>(array.data()), n);
  if (holds<double>(array)) return f(static_cast<const double*>(array.data()), n);
  if (holds<std::int32_t>(array)) return f(static_cast<const std::int32_t*>(array.data()), n);
  if (holds<bool>(array)) return f(static_cast<const bool*>(array.data()), n);
  if (holds<float>(array)) return f(static_cast<const float*>(array.data()), n);
  if (holds<std::int8_t>(array)) return f(static_cast<const std::int8_t*>(array.data()), n);
  if (holds<std::uint8_t>(array)) return f(static_cast<const std::uint8_t*>(array.data()), n);
  return f(none, std::int64_t{0});
}

/// What two labels there are; none when there are more, or a float that is no whole number.
template <class T>
std::optional<std::pair<T, T>> two_labels(const T* y, std::int64_t n) {
  if (n == 0) return std::nullopt;
  const T* other = std::find_if(y, y + n, [&](T value) { return value != y[0]; });
  if (other == y + n) return std::nullopt;
  const T low = std::min(y[0], *other), high = std::max(y[0], *other);
  if constexpr (std::is_floating_point_v<T>) {
    if (!(std::trunc(low) == low && std::trunc(high) == high && std::isfinite(low) && std::isfinite(high))) {
      return std::nullopt;
    }
  }
  return std::pair<T, T>{low, high};
}

/// What a class is called: the first of them, and how far apart neighbours are.
template <class Code>
struct Codes {
  Code first = 0, step = 1;
};

/// out[i] = the code of the class that equals y[i] as a C; false where there is none. Two classes without a search.
template <class T, class C, class Code>
bool encode(const T* y, std::int64_t n, const C* classes, std::int64_t count, Code* out, Codes<Code> codes = {}) {
  if (count == 2) {
    const C low = classes[0], high = classes[1];
    int strangers = 0;
    for (std::int64_t i = 0; i < n; ++i) {  // no branch: labels in no order are not foreseen
      const C label = static_cast<C>(y[i]);
      const int is_high = label == high ? 1 : 0;
      strangers |= (label == low ? 0 : 1) & (1 - is_high);
      out[i] = codes.first + codes.step * static_cast<Code>(is_high);
    }
    return strangers == 0;
  }
  for (std::int64_t i = 0; i < n; ++i) {
    const C label = static_cast<C>(y[i]);
    const C* at = std::lower_bound(classes, classes + count, label);
    if (at == classes + count || *at != label) return false;
    out[i] = codes.first + codes.step * static_cast<Code>(at - classes);
  }
  return true;
}

}  // namespace gradstream::bindings
