#include "bindings/numpy_view.hpp"

#include <string>

#include "views/check_csr.hpp"

namespace gradstream::bindings {
namespace {

template <class T>
AnyView dense_view(const py::array& X) {
  const auto size = static_cast<std::int64_t>(sizeof(T));
  const std::int64_t row_stride = X.strides(0), column_stride = X.strides(1);
  if (row_stride % size != 0 || column_stride % size != 0)
    throw py::value_error("X: strides must be multiples of the element size");
  if ((X.flags() & py::detail::npy_api::NPY_ARRAY_ALIGNED_) == 0) throw py::value_error("X: expected an aligned array");
  const auto* data = static_cast<const T*>(X.data());
  if (column_stride == size || X.shape(1) == 1) return DenseView<T>{data, X.shape(0), X.shape(1), row_stride / size};
  return StridedView<T>{data, X.shape(0), X.shape(1), row_stride / size, column_stride / size};
}

Rows dense_rows(const py::array& X) {
  if (X.ndim() != 2) throw py::value_error("X: expected 2 dimensions, got " + std::to_string(X.ndim()));
  if (holds<float>(X)) return {dense_view<float>(X), X.shape(0), X.shape(1), X, false};
  if (holds<double>(X)) return {dense_view<double>(X), X.shape(0), X.shape(1), X, false};
  throw py::type_error("X: dtype must be float32 or float64, got " + py::str(X.dtype()).cast<std::string>());
}

/// The arrays of a CSR tuple, each 1-D and contiguous.
struct CsrParts {
  py::array data, indices, indptr;
  std::int64_t columns;

  explicit CsrParts(const py::tuple& X) {
    if (X.size() != 4) throw py::type_error("X: a CSR tuple is (data, indices, indptr, n_features)");
    data = X[0].cast<py::array>();
    indices = X[1].cast<py::array>();
    indptr = X[2].cast<py::array>();
    columns = X[3].cast<std::int64_t>();
    for (const py::array& part : {data, indices, indptr}) {
      if (part.ndim() != 1 || !is_plain(part))
        throw py::value_error("X: CSR arrays must be 1-D, contiguous and aligned");
    }
    if (indptr.size() < 1) throw py::value_error("X: indptr must have n_rows + 1 elements, got 0");
    if (data.size() != indices.size()) throw py::value_error("X: data and indices differ in length");
    if (!indices.dtype().equal(indptr.dtype())) throw py::type_error("X: indices and indptr must have one dtype");
  }
};

template <class T, class I>
CsrView<T, I> csr_view(const CsrParts& parts) {
  return {static_cast<const T*>(parts.data.data()), static_cast<const I*>(parts.indices.data()),
          static_cast<const I*>(parts.indptr.data()), parts.indptr.size() - 1, parts.columns};
}

template <class T>
AnyView csr_of(const CsrParts& parts) {
  if (holds<std::int32_t>(parts.indices)) return csr_view<T, std::int32_t>(parts);
  if (holds<std::int64_t>(parts.indices)) return csr_view<T, std::int64_t>(parts);
  throw py::type_error("X: CSR indices must be int32 or int64");
}

AnyView csr_any(const CsrParts& parts) {
  if (holds<float>(parts.data)) return csr_of<float>(parts);
  if (holds<double>(parts.data)) return csr_of<double>(parts);
  throw py::type_error("X: dtype must be float32 or float64");
}

}  // namespace

Rows rows_from(const py::object& X) {
  if (py::isinstance<py::array>(X)) return dense_rows(py::reinterpret_borrow<py::array>(X));
  if (!py::isinstance<py::tuple>(X)) throw py::type_error("X: expected an array or a CSR tuple");
  const CsrParts parts(py::reinterpret_borrow<py::tuple>(X));
  return {csr_any(parts), static_cast<std::int64_t>(parts.indptr.size() - 1), parts.columns, X, true};
}

Status check_rows(const py::object& X) {
  if (!py::isinstance<py::tuple>(X)) return {};
  const CsrParts parts(py::reinterpret_borrow<py::tuple>(X));
  return std::visit(
      [&](const auto& view) -> Status {
        if constexpr (is_csr<std::decay_t<decltype(view)>>) {
          return check_csr(view, parts.data.size());
        } else {
          return {};
        }
      },
      csr_any(parts));
}

py::array plain_array(const py::object& object, PyObject* description, std::int64_t size, const char* name) {
  const auto said = [&](const std::string& what) { return std::string(name) + ": expected " + what; };
  if (!py::isinstance<py::array>(object)) throw py::type_error(said("an array"));
  auto array = py::reinterpret_borrow<py::array>(object);
  if (!is_of(array, description)) {
    const auto wanted = py::str(py::handle(description)).cast<std::string>();
    throw py::type_error(said(wanted + ", got " + py::str(array.dtype()).cast<std::string>()));
  }
  if (!is_plain(array)) throw py::value_error(said("a C-contiguous, aligned array"));
  if (array.size() != size) {
    throw py::value_error(said(std::to_string(size) + " elements, got " + std::to_string(array.size())));
  }
  return array;
}

py::array_t<double> to_array(const double* data, std::int64_t size) {
  py::array_t<double> out(size);
  std::copy(data, data + size, out.mutable_data());
  return out;
}

py::array_t<double> to_array(const double* data, std::int64_t rows, std::int64_t columns) {
  py::array_t<double> out({rows, columns});
  std::copy(data, data + rows * columns, out.mutable_data());
  return out;
}

}  // namespace gradstream::bindings
