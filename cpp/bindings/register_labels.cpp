// Labels and targets of a chunk as losses expect them, for Python's door: None or false where there is something to
// convert or to refuse.
#include "bindings/labels.hpp"

#include <algorithm>
#include <limits>
#include <vector>

#include "bindings/register.hpp"

namespace gradstream::bindings {
namespace {

constexpr double kExact = 9007199254740992.0;  // integers below 2^53 are float64 exactly

/// ((low, high), codes) of labels of two values, else None.
py::object two_classes(const py::object& y) {
  return with_numbers(y, []<class T>(const T* values, std::int64_t n) -> py::object {
    if (values == nullptr) return py::none();
    const auto pair = two_labels(values, n);
    if (!pair) return py::none();
    py::array_t<T> classes(2);
    classes.mutable_at(0) = pair->first;
    classes.mutable_at(1) = pair->second;
    py::array_t<std::int32_t> codes(n);
    if (!encode(values, n, classes.data(), 2, codes.mutable_data())) return py::none();
    return py::make_tuple(classes, codes);
  });
}

/// Codes of labels that are all among the classes, both of one dtype, else None.
py::object class_codes(const py::object& y, const py::object& classes) {
  return with_numbers(y, [&]<class T>(const T* values, std::int64_t n) -> py::object {
    return with_numbers(classes, [&]<class C>(const C* known, std::int64_t count) -> py::object {
      if constexpr (std::is_same_v<T, C>) {
        if (values == nullptr || known == nullptr) return py::none();
        py::array_t<std::int32_t> codes(n);
        if (!encode(values, n, known, count, codes.mutable_data())) return py::none();
        return codes;
      } else {
        return py::none();
      }
    });
  });
}

/// Targets of a loss, -1 or +1 of two classes, else the index; None unless all labels are among the classes.
py::object encode_labels(const py::object& y, const py::object& known) {
  std::vector<double> classes;
  with_numbers(known, [&](const auto* values, std::int64_t n) {
    if (values != nullptr) classes.assign(values, values + n);
  });
  const auto exact = [](double value) { return std::abs(value) < kExact; };
  if (classes.size() < 2 || !std::all_of(classes.begin(), classes.end(), exact)) return py::none();
  const Codes<double> codes = classes.size() == 2 ? Codes<double>{-1.0, 2.0} : Codes<double>{};
  return with_numbers(y, [&](const auto* values, std::int64_t n) -> py::object {
    if (values == nullptr) return py::none();
    py::array_t<double> out(n);
    const auto count = static_cast<std::int64_t>(classes.size());
    if (!encode(values, n, classes.data(), count, out.mutable_data(), codes)) return py::none();
    return out;
  });
}

/// Whether y is float64, all finite and not below `least`.
bool are_targets(const py::object& y, double least) {
  least = std::max(least, -std::numeric_limits<double>::max());
  return with_numbers(y, [&]<class T>(const T* values, std::int64_t n) {
    if constexpr (std::is_same_v<T, double>) {
      int others = values == nullptr ? 1 : 0;
      for (std::int64_t i = 0; i < n; ++i) {
        others |= values[i] >= least && values[i] <= std::numeric_limits<double>::max() ? 0 : 1;
      }
      return others == 0;
    } else {
      return false;
    }
  });
}

}  // namespace

void register_labels(py::module_& m) {
  m.def("two_classes", &two_classes, py::arg("y"));
  m.def("class_codes", &class_codes, py::arg("y"), py::arg("classes"));
  m.def("encode_labels", &encode_labels, py::arg("y"), py::arg("classes"));
  m.def("are_targets", &are_targets, py::arg("y"), py::arg("least"));
}

}  // namespace gradstream::bindings
