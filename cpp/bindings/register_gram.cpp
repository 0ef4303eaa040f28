// Least squares by sums of products: the sums, and the optimum that they tell.
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include "bindings/interrupt.hpp"
#include "bindings/listener.hpp"
#include "bindings/numpy_view.hpp"
#include "bindings/register.hpp"
#include "solvers/gram_sums.hpp"
#include "solvers/joint_squares.hpp"
#include "solvers/least_squares.hpp"

namespace gradstream::bindings {
namespace {

/// y (n, m) -> weight, mean (d + m,), products (d, d), cross (d, m), squares (m,), whether all is finite.
py::tuple gram_sums(const py::object& X, const py::array_t<double, py::array::c_style>& y, const py::object& weight,
                    int n_threads) {
  const Rows rows = rows_from(X);
  if (y.ndim() != 2 || y.shape(0) != rows.count) throw py::value_error("y has to have shape (n, m)");
  const std::int64_t d = rows.columns, m = y.shape(1);
  const solvers::GramRows gram{rows.view, y.data(), m, doubles(weight, rows.count, "sample_weight")};
  solvers::GramSums sums;
  interruptibly([&] { sums = solvers::gram_sums(gram, n_threads); });
  return py::make_tuple(sums.weight, to_array(sums.mean.data(), d + m), to_array(sums.products.data(), d, d),
                        to_array(sums.cross.data(), d, m), to_array(sums.squares.data(), m), sums.finite);
}

/// coef (d, m), intercept, objective, optimality (m,), least pivot.
py::tuple least_squares(double weight, const py::object& mean, const py::object& products, const py::object& cross,
                        const py::object& squares, const py::object& scale, const py::object& l2, bool fit_intercept) {
  const auto d = static_cast<std::int64_t>(py::len(products)), m = static_cast<std::int64_t>(py::len(squares));
  const solvers::LeastSquares problem{d,
                                      m,
                                      weight,
                                      doubles(mean, d + m, "mean"),
                                      doubles(products, d * d, "products"),
                                      doubles(cross, d * m, "cross"),
                                      doubles(squares, m, "squares"),
                                      doubles(scale, d, "scale"),
                                      doubles(l2, m, "l2"),
                                      fit_intercept};
  solvers::LeastSquaresFit fit;
  {
    const py::gil_scoped_release unlocked;
    fit = solvers::least_squares(problem);
  }
  return py::make_tuple(to_array(fit.coef.data(), d, m), to_array(fit.intercept.data(), m),
                        to_array(fit.objective.data(), m), to_array(fit.optimality.data(), m), fit.pivot);
}

struct JointArguments {
  py::object scale, l2;
  bool fit_intercept;
  double tol;
  int max_iter;
  int n_threads;
};

/// y (n, m): coef (d, m), intercept, objective, optimality and n_iter (m,), status, loss_curve.
py::dict joint_squares(const py::object& X, const py::array_t<double, py::array::c_style>& y, const py::object& weight,
                       const JointArguments& args, const py::object& on_iteration) {
  const Rows rows = rows_from(X);
  if (y.ndim() != 2 || y.shape(0) != rows.count) throw py::value_error("y has to have shape (n, m)");
  const std::int64_t d = rows.columns, m = y.shape(1);
  const solvers::JointSquares problem{{rows.view, y.data(), m, doubles(weight, rows.count, "sample_weight")},
                                      doubles(args.scale, d, "scale"),
                                      doubles(args.l2, m, "l2"),
                                      args.fit_intercept};
  Listener listener(on_iteration);
  solvers::Monitor monitor(args.max_iter, std::ref(listener), [&] { listener.look_up(); });
  solvers::JointFit fit;
  interruptibly([&] { fit = solvers::joint_squares(problem, {args.tol, args.n_threads}, monitor); });
  py::dict out;
  out["coef"] = to_array(fit.coef.data(), d, m);
  out["intercept"] = to_array(fit.intercept.data(), m);
  out["objective"] = to_array(fit.objective.data(), m);
  out["optimality"] = to_array(fit.optimality.data(), m);
  out["n_iter"] = fit.products;
  out["status"] = name(fit.status);
  out["loss_curve"] = monitor.take_loss_curve();
  return out;
}

}  // namespace

void register_gram(py::module_& m) {
  m.def("gram_sums", &gram_sums, py::arg("X"), py::arg("y"), py::arg("sample_weight"), py::arg("n_threads"));
  m.def(
      "gram_sums_ns",
      [](std::int64_t n, std::int64_t d, std::int64_t targets, std::int64_t stored) {
        return solvers::gram_sums_ns({n, d, targets, stored});
      },
      py::arg("n"), py::arg("d"), py::arg("targets"), py::arg("stored"));
  m.def(
      "joint_squares",
      [](const py::object& X, const py::array_t<double, py::array::c_style>& y, const py::object& weight,
         py::object scale, py::object l2, bool fit_intercept, double tol, int max_iter, int n_threads,
         const py::object& on_iteration) {
        return joint_squares(X, y, weight, {std::move(scale), std::move(l2), fit_intercept, tol, max_iter, n_threads},
                             on_iteration);
      },
      py::arg("X"), py::arg("y"), py::arg("sample_weight"), py::arg("scale"), py::arg("l2"), py::arg("fit_intercept"),
      py::arg("tol"), py::arg("max_iter"), py::arg("n_threads"), py::arg("on_iteration"));
  m.def("least_squares", &least_squares, py::arg("weight"), py::arg("mean"), py::arg("products"), py::arg("cross"),
        py::arg("squares"), py::arg("scale"), py::arg("l2"), py::arg("fit_intercept"));
}

}  // namespace gradstream::bindings
