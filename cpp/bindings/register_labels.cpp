// Functions that turn labels into classes, for Python's door.
#include "bindings/labels.hpp"
#include "bindings/register.hpp"

namespace gradstream::bindings {
namespace {

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

}  // namespace

void register_labels(py::module_& m) {
  m.def("two_classes", &two_classes, py::arg("y"));
  m.def("class_codes", &class_codes, py::arg("y"), py::arg("classes"));
}

}  // namespace gradstream::bindings
