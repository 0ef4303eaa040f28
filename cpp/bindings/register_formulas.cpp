// Single formulas on arrays, from the table in use: what tests compare with the slow twins.
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <initializer_list>
#include <string>

#include "bindings/numpy_view.hpp"
#include "bindings/register.hpp"
#include "bindings/spec_from.hpp"
#include "core/random.hpp"
#include "kernels/table.hpp"

namespace gradstream::bindings {
namespace {

using Doubles = py::array_t<double, py::array::c_style>;

void check_sizes(std::initializer_list<Doubles> arrays) {
  for (const Doubles& array : arrays) {
    if (array.size() != arrays.begin()->size()) throw py::value_error("arrays of one size are needed");
  }
}

LossSpec single_column(const std::string& loss, double parameter) {
  return {loss_id(loss), parameter, ColumnsKind::single, 1};
}

/// Value and r of every element, each a row of its own.
py::tuple loss_rows(const std::string& loss, double parameter, const Doubles& z, const Doubles& y) {
  check_sizes({z, y});
  const LossSpec spec = single_column(loss, parameter);
  Doubles value(z.size()), r(z.size());
  for (py::ssize_t i = 0; i < z.size(); ++i) {
    value.mutable_data()[i] =
        kernels::table().loss_rows(spec, 1, z.data() + i, y.data() + i, nullptr, r.mutable_data() + i);
  }
  kernels::table().loss_rows(spec, z.size(), z.data(), y.data(), nullptr, r.mutable_data());
  return py::make_tuple(value, r);
}

Doubles invariant_steps(const std::string& loss, double parameter, const Doubles& z, const Doubles& y, const Doubles& h,
                        const Doubles& q) {
  check_sizes({z, y, h, q});
  Doubles u(z.size());
  kernels::table().invariant_steps(single_column(loss, parameter), z.size(), z.data(), y.data(), h.data(), q.data(),
                                   u.mutable_data());
  return u;
}

Doubles penalty_flow(const Doubles& w, const Doubles& tau, double l1, double l2) {
  check_sizes({w, tau});
  Doubles out = to_array(w.data(), w.size());
  kernels::table().penalty_flow({l1, l2}, w.size(), tau.data(), out.mutable_data());
  return out;
}

Doubles schedule_rates(const py::dict& spec, const Doubles& t, double epoch) {
  const Spec parsed = spec_from(spec);
  Doubles out(t.size());
  for (py::ssize_t i = 0; i < t.size(); ++i)
    out.mutable_data()[i] = kernels::table().schedule_rate(parsed.schedule, t.data()[i], epoch);
  return out;
}

py::array_t<std::int64_t> permutation(std::int64_t n, std::uint64_t seed, std::uint64_t epoch) {
  const Permutation order(n, seed, epoch);
  py::array_t<std::int64_t> out(n);
  for (std::int64_t i = 0; i < n; ++i) out.mutable_data()[i] = order(i);
  return out;
}

}  // namespace

void register_formulas(py::module_& m) {
  m.def("loss_rows", &loss_rows, py::arg("loss"), py::arg("parameter"), py::arg("z"), py::arg("y"));
  m.def("invariant_steps", &invariant_steps, py::arg("loss"), py::arg("parameter"), py::arg("z"), py::arg("y"),
        py::arg("h"), py::arg("q"));
  m.def("penalty_flow", &penalty_flow, py::arg("w"), py::arg("tau"), py::arg("l1"), py::arg("l2"));
  m.def("schedule_rates", &schedule_rates, py::arg("spec"), py::arg("t"), py::arg("epoch"));
  m.def("permutation", &permutation, py::arg("n"), py::arg("seed"), py::arg("epoch"));
}

}  // namespace gradstream::bindings
