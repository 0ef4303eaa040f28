// Functions over all rows at once: the full-batch solvers and the sums they are made of.
#include <pybind11/functional.h>
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <string>

#include "bindings/interrupt.hpp"
#include "bindings/listener.hpp"
#include "bindings/numpy_view.hpp"
#include "bindings/register.hpp"
#include "bindings/spec_from.hpp"
#include "solvers/full_batch.hpp"
#include "solvers/stored_squares.hpp"

namespace gradstream::bindings {
namespace {

kernels::Targets targets_from(const py::object& y, const py::object& weight, std::int64_t rows) {
  return {needed_doubles(y, rows, "y"), doubles(weight, rows, "sample_weight")};
}

py::tuple loss_gradient(const py::object& X, const py::object& y, const py::object& weight, const py::dict& spec,
                        const py::object& coef, const py::object& center, const py::object& intercept, int n_threads) {
  const Rows rows = rows_from(X);
  const LossSpec loss = spec_from(spec).loss;
  const std::int64_t K = loss.columns, d = rows.columns;
  const kernels::LinearModel model{needed_doubles(coef, d * K, "coef"), doubles(center, d, "center"),
                                   needed_doubles(intercept, K, "intercept")};
  const kernels::Targets targets = targets_from(y, weight, rows.count);
  py::array_t<double> g({d, K}), r(K);
  kernels::GradientSums sums{g.mutable_data(), r.mutable_data()};
  interruptibly([&] { solvers::loss_gradient(rows.view, targets, loss, model, n_threads, sums); });
  return py::make_tuple(sums.loss, g, r);
}

struct BatchArguments {
  py::object center, scale, coef_init, intercept_init;
  std::string solver;
  double tol;
  int max_iter;
  std::uint64_t seed;
  int n_threads;
};

py::dict to_dict(const solvers::BatchResult& result, std::int64_t d, std::int64_t K) {
  py::dict out;
  out["coef"] = to_array(result.coef.data(), d, K);
  out["intercept"] = to_array(result.intercept.data(), K);
  out["objective"] = result.objective;
  out["optimality"] = result.optimality;
  out["n_iter"] = result.n_iter;
  out["status"] = name(result.status);
  out["loss_curve"] = result.loss_curve;
  out["solver"] = std::string(solvers::name(result.solver));
  return out;
}

py::dict full_batch(const py::object& X, const py::object& y, const py::object& weight, const py::dict& spec_dict,
                    const BatchArguments& args, const py::object& on_iteration) {
  const Rows rows = rows_from(X);
  const Spec spec = spec_from(spec_dict);
  const std::int64_t d = rows.columns, K = spec.loss.columns;
  const auto solver = solvers::batch_solver(args.solver);
  if (!solver) throw py::value_error("solver='" + args.solver + "' is not one of: auto, lbfgs, newton, gd, cd");
  const kernels::Targets targets = targets_from(y, weight, rows.count);
  const solvers::Standardization standardization{doubles(args.center, d, "center"), doubles(args.scale, d, "scale")};
  const solvers::BatchStart start{doubles(args.coef_init, d * K, "coef_init"),
                                  doubles(args.intercept_init, K, "intercept_init")};
  Listener listener(on_iteration);
  const solvers::BatchOptions options{*solver,   args.tol,       args.max_iter,
                                      args.seed, args.n_threads, [&] { listener.look_up(); }};
  solvers::BatchResult result;
  interruptibly([&] {
    result = solvers::full_batch(rows.view, targets, spec, standardization, start, options, std::ref(listener));
  });
  return to_dict(result, d, K);
}

/// Of F at a point, both in standardised coordinates: its product with a direction, and its diagonal.
py::tuple hessian_product(const py::object& X, const py::object& y, const py::object& weight, const py::dict& spec_dict,
                          const py::object& center, const py::object& scale, const py::object& coef,
                          const py::object& intercept, const py::object& direction,
                          const py::object& direction_intercept, int n_threads) {
  const Rows rows = rows_from(X);
  const Spec spec = spec_from(spec_dict);
  const std::int64_t d = rows.columns, K = spec.loss.columns;
  const auto parameters = [&](const py::object& W, const py::object& b) {
    solvers::Vector x(needed_doubles(W, d * K, "coef"), needed_doubles(W, d * K, "coef") + d * K);
    x.insert(x.end(), needed_doubles(b, K, "intercept"), needed_doubles(b, K, "intercept") + K);
    return x;
  };
  const solvers::Vector at = parameters(coef, intercept), way = parameters(direction, direction_intercept);
  solvers::Vector product(at.size()), diagonal(at.size());
  const kernels::Targets targets = targets_from(y, weight, rows.count);
  const solvers::Standardization standardization{doubles(center, d, "center"), doubles(scale, d, "scale")};
  {
    const py::gil_scoped_release unlocked;
    const auto access = solvers::access_rows(rows.view);
    solvers::MemoryOracle oracle(*access, targets, spec, standardization, n_threads);
    oracle.prepare_products(at.data(), diagonal.data());
    oracle.hessian_product(way.data(), product.data());
  }
  return py::make_tuple(to_array(product.data(), (d + 1) * K), to_array(diagonal.data(), (d + 1) * K));
}

py::tuple moments(const py::object& X, const py::object& weight, int n_threads) {
  const Rows rows = rows_from(X);
  const double* s = doubles(weight, rows.count, "sample_weight");
  py::array_t<double> mean(rows.columns), m2(rows.columns);
  kernels::MomentSums sums{mean.mutable_data(), m2.mutable_data()};
  interruptibly([&] { solvers::moments(rows.view, s, n_threads, sums); });
  return py::make_tuple(mean, m2, sums.weight);
}

py::array_t<double> inverse_deviation(const py::object& mean, const py::object& m2, double weight) {
  const auto d = static_cast<std::int64_t>(py::len(mean));
  py::array_t<double> scale(d);
  kernels::table().inverse_deviation(d, needed_doubles(mean, d, "mean"), needed_doubles(m2, d, "m2"), weight,
                                     scale.mutable_data());
  return scale;
}

/// coef (d, K) in X's units; sums come back in standardised coordinates.
py::tuple squared_gradients(const py::object& X, const py::object& y, const py::object& weight, const py::dict& spec,
                            const py::object& coef, const py::object& center, const py::object& scale,
                            const py::object& intercept, int n_threads) {
  const Rows rows = rows_from(X);
  const LossSpec loss = spec_from(spec).loss;
  const std::int64_t K = loss.columns, d = rows.columns;
  const kernels::LinearModel model{needed_doubles(coef, d * K, "coef"), doubles(center, d, "center"),
                                   needed_doubles(intercept, K, "intercept")};
  const kernels::Targets targets = targets_from(y, weight, rows.count);
  const double* factor = doubles(scale, d, "scale");
  std::vector<double> G(static_cast<std::size_t>(d * K), 0.0), b(static_cast<std::size_t>(K), 0.0);
  kernels::GradientSums sums{G.data(), b.data()};
  {
    const py::gil_scoped_release unlocked;
    solvers::squared_gradients(rows.view, targets, loss, model, n_threads, sums);
  }
  for (std::int64_t i = 0; factor != nullptr && i < d * K; ++i)
    G[static_cast<std::size_t>(i)] *= factor[i / K] * factor[i / K];
  return py::make_tuple(to_array(G.data(), d, K), to_array(b.data(), K));
}

/// Of CSR rows.
py::tuple stored_squares(const py::object& X, const py::object& weight) {
  const Rows rows = rows_from(X);
  const double* s = doubles(weight, rows.count, "sample_weight");
  std::vector<double> total(static_cast<std::size_t>(rows.columns), 0.0), mean_square(total);
  {
    const py::gil_scoped_release unlocked;
    std::visit(
        [&](const auto& view) {
          if constexpr (is_csr<std::decay_t<decltype(view)>>) {
            solvers::stored_squares(view, s, total.data(), mean_square.data());
          }
        },
        rows.view);
  }
  return py::make_tuple(to_array(total.data(), rows.columns), to_array(mean_square.data(), rows.columns));
}

py::tuple check_finite(const py::object& X) {
  const Rows rows = rows_from(X);
  Status status;
  {
    const py::gil_scoped_release unlocked;
    status = std::visit([](const auto& view) { return kernels::table().of(view).check_finite(view, {0, view.rows}); },
                        rows.view);
  }
  return to_tuple(status);
}

}  // namespace

void register_batch(py::module_& m) {
  m.def("loss_gradient", &loss_gradient, py::arg("X"), py::arg("y"), py::arg("sample_weight"), py::arg("spec"),
        py::arg("coef"), py::arg("center"), py::arg("intercept"), py::arg("n_threads"));
  m.def(
      "full_batch",
      [](const py::object& X, const py::object& y, const py::object& weight, const py::dict& spec,
         const py::object& center, const py::object& scale, const py::object& coef_init,
         const py::object& intercept_init, const std::string& solver, double tol, int max_iter, std::uint64_t seed,
         int n_threads, const py::object& on_iteration) {
        return full_batch(X, y, weight, spec,
                          {center, scale, coef_init, intercept_init, solver, tol, max_iter, seed, n_threads},
                          on_iteration);
      },
      py::arg("X"), py::arg("y"), py::arg("sample_weight"), py::arg("spec"), py::arg("center"), py::arg("scale"),
      py::arg("coef_init"), py::arg("intercept_init"), py::arg("solver"), py::arg("tol"), py::arg("max_iter"),
      py::arg("seed"), py::arg("n_threads"), py::arg("on_iteration"));
  m.def("hessian_product", &hessian_product, py::arg("X"), py::arg("y"), py::arg("sample_weight"), py::arg("spec"),
        py::arg("center"), py::arg("scale"), py::arg("coef"), py::arg("intercept"), py::arg("direction"),
        py::arg("direction_intercept"), py::arg("n_threads"));
  m.def("moments", &moments, py::arg("X"), py::arg("sample_weight"), py::arg("n_threads"));
  m.def("inverse_deviation", &inverse_deviation, py::arg("mean"), py::arg("m2"), py::arg("weight"));
  m.def("squared_gradients", &squared_gradients, py::arg("X"), py::arg("y"), py::arg("sample_weight"), py::arg("spec"),
        py::arg("coef"), py::arg("center"), py::arg("scale"), py::arg("intercept"), py::arg("n_threads"));
  m.def("stored_squares", &stored_squares, py::arg("X"), py::arg("sample_weight"));
  m.def("check_csr", [](const py::object& X) { return to_tuple(check_rows(X)); }, py::arg("X"));
  m.def("check_finite", &check_finite, py::arg("X"));
}

}  // namespace gradstream::bindings
