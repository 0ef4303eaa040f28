// Rows into margins and margins into labels: the two passes of a prediction.
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <string_view>

#include "bindings/numpy_view.hpp"
#include "bindings/register.hpp"
#include "solvers/labels.hpp"
#include "solvers/row_margins.hpp"

namespace gradstream::bindings {
namespace {

/// A label for every row of margins (n, K), of the classes' dtype: numbers and booleans. None for other dtypes.
py::object labels_of_margins(const py::array_t<double, py::array::c_style>& margins, const py::array& classes,
                             int n_threads) {
  if (margins.ndim() != 2) throw py::value_error("margins: expected 2 dimensions");
  const std::int64_t n = margins.shape(0), K = margins.shape(1), size = classes.itemsize();
  const bool numbers = std::string_view("biuf").find(classes.dtype().kind()) != std::string_view::npos;
  if (!numbers || !is_plain(classes)) return py::none();
  if (classes.ndim() != 1 || classes.size() != (K == 1 ? 2 : K)) return py::none();
  py::array labels(classes.dtype(), n);
  const auto pick = [&]<class Label>(Label) {
    const auto* from = static_cast<const Label*>(classes.data());
    auto* to = static_cast<Label*>(labels.mutable_data());
    const py::gil_scoped_release unlocked;
    solvers::labels_of_margins({margins.data(), n, K}, from, to, n_threads);
    return true;
  };
  const bool known = size == 8   ? pick(std::uint64_t{})
                     : size == 4 ? pick(std::uint32_t{})
                     : size == 2 ? pick(std::uint16_t{})
                     : size == 1 ? pick(std::uint8_t{})
                                 : false;
  return known ? py::object(labels) : py::none();
}

/// Margins (n, K) of rows under coefficients (d, K) and intercepts (K,); None when one is not finite.
py::object linear_margins(const py::object& X, const py::object& coef, const py::object& intercept, int n_threads) {
  const Rows rows = rows_from(X);
  const auto K = static_cast<std::int64_t>(py::len(intercept));
  const kernels::LinearModel model{needed_doubles(coef, rows.columns * K, "coef"), nullptr,
                                   needed_doubles(intercept, K, "intercept")};
  py::array_t<double> margins({rows.count, K});
  double* out = margins.mutable_data();
  bool finite = false;
  {
    const py::gil_scoped_release unlocked;
    finite = solvers::row_margins(rows.view, model, K, n_threads, out);
  }
  return finite ? py::object(margins) : py::none();
}

}  // namespace

void register_margins(py::module_& m) {
  m.def("linear_margins", &linear_margins, py::arg("X"), py::arg("coef"), py::arg("intercept"), py::arg("n_threads"));
  m.def("labels_of_margins", &labels_of_margins, py::arg("margins"), py::arg("classes"), py::arg("n_threads"));
}

}  // namespace gradstream::bindings
