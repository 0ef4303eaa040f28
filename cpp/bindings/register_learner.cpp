// _core.Learner: streaming and mini-batch learning on arrays that Python holds.
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <atomic>

#include "bindings/interrupt.hpp"
#include "bindings/numpy_view.hpp"
#include "bindings/register.hpp"
#include "bindings/spec_from.hpp"
#include "bindings/turn.hpp"
#include "solvers/learner.hpp"
#include "solvers/mini_batch.hpp"
#include "solvers/planes.hpp"

namespace gradstream::bindings {
namespace {

class Learner {
  template <class F>
  auto with_state(F&& f) {
    const py::gil_scoped_release unlocked;
    return single_ ? f(single_state_) : f(double_state_);
  }

  /// f(view, state) with the GIL released; rows and state have one dtype and one layout (matching_rows).
  template <class F>
  Status visit(const Rows& rows, F&& f) {
    const py::gil_scoped_release unlocked;
    return std::visit(
        [&](const auto& view) -> Status {
          if constexpr (std::is_same_v<typename std::decay_t<decltype(view)>::value_type, float>) {
            return f(view, single_state_);
          } else {
            return f(view, double_state_);
          }
        },
        rows.view);
  }

 public:
  Learner(const py::dict& spec, const py::dict& arrays) : spec_(spec_from(spec)), arrays_(arrays) {
    const auto table = py::reinterpret_borrow<py::array>(arrays["table"]);
    single_ = holds<float>(table);
    if (!single_ && !holds<double>(table)) throw py::type_error("table: expected float32 or float64");
    if (!(table.flags() & py::array::c_style)) throw py::value_error("table: expected a C-contiguous array");
    sparse_ = table.ndim() == 2;
    if (!sparse_ && table.ndim() != 3) throw py::value_error("table: expected 2 (sparse) or 3 (dense) dimensions");
    d_ = sparse_ ? table.shape(0) : table.shape(1);
    bind(table);
  }

  py::tuple learn(const py::object& X, const py::object& y, const py::object& weight, const py::object& report,
                  int n_threads) {
    const Turn turn(busy_);
    const Rows rows = matching_rows(X);
    const std::int64_t K = spec_.loss.columns;
    solvers::LearnInputs inputs{doubles(y, rows.count, "y"),
                                doubles(weight, rows.count, "sample_weight"),
                                1.0,
                                writable_doubles(report, rows.count * K, "report"),
                                false,
                                false,
                                n_threads};
    const Status status = visit(
        rows, [&](const auto& view, auto& state) { return solvers::learn(view, spec_, state, inputs, &interrupted); });
    raise_interrupt(status);
    return to_tuple(status);
  }

  py::tuple epoch(const py::object& X, const py::object& y, const py::object& weight, std::uint64_t seed,
                  std::uint64_t epoch, bool shuffle, int n_threads) {
    const Turn turn(busy_);
    const Rows rows = matching_rows(X);
    solvers::LearnInputs inputs{
        doubles(y, rows.count, "y"), doubles(weight, rows.count, "sample_weight"), 1.0, nullptr, true, true, n_threads};
    double loss = 0.0;
    const Status status = visit(rows, [&](const auto& view, auto& state) {
      return solvers::run_epoch(view, spec_, state, inputs, {seed, epoch, shuffle}, &interrupted, loss);
    });
    raise_interrupt(status);
    return py::make_tuple(to_tuple(status), loss);
  }

  py::tuple flush() {
    const Turn turn(busy_);
    return to_tuple(
        with_state([&](auto& state) { return solvers::flush_block(spec_, state, solvers::LearnInputs{}); }));
  }

  py::tuple report(const py::object& X, const py::object& out, int n_threads) {
    const Rows rows = matching_rows(X);
    double* margins = writable_doubles(out, rows.count * spec_.loss.columns, "out");
    return to_tuple(visit(rows, [&](const auto& view, auto& state) {
      return solvers::report_rows(view, spec_, state, margins, n_threads);
    }));
  }

  py::tuple linear() {
    const auto model = with_state([&](auto& state) { return solvers::linear_coefficients(spec_, state); });
    return py::make_tuple(to_array(model.coef.data(), spec_.loss.columns, d_),
                          to_array(model.intercept.data(), spec_.loss.columns));
  }

  py::array planes() {
    const auto values = with_state([&](auto& state) { return solvers::settled_planes(spec_, state); });
    py::array_t<double> out({static_cast<std::int64_t>(1 + solvers::slot_count(spec_)), d_, spec_.loss.columns});
    std::copy(values.begin(), values.end(), out.mutable_data());
    return out;
  }

  void set_planes(const py::object& planes) {
    const Turn turn(busy_);
    const double* values = doubles(planes, (1 + solvers::slot_count(spec_)) * d_ * spec_.loss.columns, "planes");
    with_state([&](auto& state) {
      solvers::set_planes(spec_, state, values);
      return 0;
    });
  }

 private:
  Rows matching_rows(const py::object& X) const {
    Rows rows = rows_from(X);
    const bool single = std::visit(
        [](const auto& view) { return std::is_same_v<typename std::decay_t<decltype(view)>::value_type, float>; },
        rows.view);
    if (single != single_) throw py::type_error("X: dtype differs from the learner's table");
    if (rows.sparse != sparse_) throw py::type_error("X: layout differs from the learner's table");
    if (rows.columns != d_) throw py::value_error("X: number of features differs from the learner's table");
    return rows;
  }

  void bind(const py::array& table) {
    if (single_) {
      bind_state(single_state_, table);
    } else {
      bind_state(double_state_, table);
    }
  }

  template <class T>
  void bind_state(solvers::LearnerState<T>& state, const py::array& table) {
    const std::int64_t K = spec_.loss.columns;
    state.sparse = sparse_;
    state.d = d_;
    state.K = K;
    if (table.size() != solvers::table_size(spec_, state))
      throw py::value_error("table: size does not fit the specification");
    state.table = static_cast<T*>(const_cast<void*>(table.data()));
    state.bias = array("bias", (1 + solvers::slot_count(spec_)) * K);
    if (spec_.standardize != Standardize::none) {
      state.mean = array("mean", d_);
      state.m2 = array("m2", d_);
      if (sparse_) state.seen = array("seen", d_);
    }
    state.counters = reinterpret_cast<kernels::Counters*>(array("counters", 8));
    if (spec_.batch_size > 1) state.block = array("block", solvers::BlockLayout::size(d_, K));
  }

  /// Read-only arrays are fine for a learner that only reports.
  double* array(const char* name, std::int64_t size) { return const_cast<double*>(doubles(arrays_[name], size, name)); }

  Spec spec_;
  py::dict arrays_;
  bool single_ = false;
  bool sparse_ = false;
  std::int64_t d_ = 0;
  solvers::LearnerState<float> single_state_;
  solvers::LearnerState<double> double_state_;
  std::atomic<bool> busy_{false};
};

}  // namespace

void register_learner(py::module_& m) {
  py::class_<Learner>(m, "Learner")
      .def(py::init<const py::dict&, const py::dict&>(), py::arg("spec"), py::arg("arrays"))
      .def("learn", &Learner::learn, py::arg("X"), py::arg("y"), py::arg("sample_weight"), py::arg("report"),
           py::arg("n_threads"))
      .def("epoch", &Learner::epoch, py::arg("X"), py::arg("y"), py::arg("sample_weight"), py::arg("seed"),
           py::arg("epoch"), py::arg("shuffle"), py::arg("n_threads"))
      .def("flush", &Learner::flush)
      .def("report", &Learner::report, py::arg("X"), py::arg("out"), py::arg("n_threads"))
      .def("linear", &Learner::linear)
      .def("planes", &Learner::planes)
      .def("set_planes", &Learner::set_planes, py::arg("planes"));
  m.def(
      "record_width",
      [](const py::dict& spec, int itemsize) {
        return itemsize == 4 ? solvers::record_width<float>(spec_from(spec))
                             : solvers::record_width<double>(spec_from(spec));
      },
      py::arg("spec"), py::arg("itemsize"));
  m.def(
      "block_size",
      [](const py::dict& spec, std::int64_t d, bool) {
        const Spec parsed = spec_from(spec);
        return parsed.batch_size > 1 ? solvers::BlockLayout::size(d, parsed.loss.columns) : 0;
      },
      py::arg("spec"), py::arg("n_features"), py::arg("sparse"));
}

}  // namespace gradstream::bindings
