// _core.Learner: streaming and mini-batch learning on arrays that Python holds.
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include "bindings/held_learner.hpp"
#include "bindings/register.hpp"
#include "solvers/learner.hpp"
#include "solvers/mini_batch.hpp"
#include "solvers/planes.hpp"
#include "solvers/streaming.hpp"

namespace gradstream::bindings {
namespace {

class Learner : public HeldLearner<Learner, solvers::LearnerState, solvers::LearnerMemory> {
 public:
  Learner(const py::dict& spec, const py::dict& arrays) : HeldLearner(spec, arrays) {
    if (single_) {
      bind_state(single_state_);
    } else {
      bind_state(double_state_);
    }
  }

  py::tuple learn(const py::object& X, const py::object& y, const py::object& weight, const py::object& report,
                  int n_threads) {
    const Turn turn(busy_);
    const Rows rows = matching_rows(X);
    const std::int64_t K = spec_.loss.columns;
    solvers::LearnInputs inputs{needed_doubles(y, rows.count, "y"),
                                doubles(weight, rows.count, "sample_weight"),
                                1.0,
                                writable_doubles(report, rows.count * K, "report"),
                                false,
                                false,
                                n_threads};
    const Status status = visit(rows, [&](const auto& view, auto& state) {
      auto& memory = memory_of(state);
      const Status learnt = solvers::learn(view, spec_, state, inputs, memory, &interrupted);
      if (memory.elements() > kKept) memory = {};
      return learnt;
    });
    raise_interrupt(status);
    return to_tuple(status);
  }

  template <class View, class State>
  Status learn_next(const View& x, State& state, const double* y, const double* weight) {
    return solvers::learn(x, spec_, state, {y, weight}, memory_of(state), never_interrupted_);
  }
  template <class View, class State>
  Status learn_alone(const View& x, State& state, const double* y, const double* weight) {
    return solvers::learn_row(x, spec_, state, {y, weight}, memory_of(state));
  }
  template <class View, class State, class Memory>
  Status report_rows(const View& X, const State& state, Memory& memory, double* out, int n_threads) {
    return solvers::report_rows(X, spec_, state, memory, out, n_threads);
  }

  py::tuple epoch(const py::object& X, const py::object& y, const py::object& weight, std::uint64_t seed,
                  std::uint64_t epoch, bool shuffle, int n_threads) {
    const Turn turn(busy_);
    const Rows rows = matching_rows(X);
    solvers::LearnInputs inputs{needed_doubles(y, rows.count, "y"),
                                doubles(weight, rows.count, "sample_weight"),
                                1.0,
                                nullptr,
                                true,
                                true,
                                n_threads};
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

  py::tuple linear() {
    const auto model = read_state([&](auto& state) { return solvers::linear_coefficients(spec_, state); });
    return pair_of(model);
  }

  py::array planes() {
    const auto values = read_state([&](auto& state) { return solvers::settled_planes(spec_, state); });
    py::array_t<double> out({static_cast<std::int64_t>(1 + solvers::slot_count(spec_)), d_, spec_.loss.columns});
    std::copy(values.begin(), values.end(), out.mutable_data());
    return out;
  }

  void set_planes(const py::object& planes) {
    const double* values = needed_doubles(planes, (1 + solvers::slot_count(spec_)) * d_ * spec_.loss.columns, "planes");
    change_state([&](auto& state) {
      solvers::set_planes(spec_, state, values);
      return 0;
    });
  }

 private:
  template <class T>
  void bind_state(solvers::LearnerState<T>& state) {
    bind_shared(state, 1 + solvers::slot_count(spec_));
    if (table().size() != solvers::table_size(spec_, state))
      throw py::value_error("table: size does not fit the specification");
    if (spec_.batch_size > 1) state.block = array("block", solvers::BlockLayout::size(d_, state.K));
  }

  solvers::LearnerMemory<float>& memory_of(const solvers::LearnerState<float>&) { return single_draft_; }
  solvers::LearnerMemory<double>& memory_of(const solvers::LearnerState<double>&) { return double_draft_; }

  solvers::LearnerMemory<float> single_draft_;  // of the row that is learnt
  solvers::LearnerMemory<double> double_draft_;
  solvers::Interrupted never_interrupted_ = [] { return false; };
};

}  // namespace

void register_learner(py::module_& m) {
  learner_class<Learner>(m, "Learner")
      .def("epoch", &Learner::epoch, py::arg("X"), py::arg("y"), py::arg("sample_weight"), py::arg("seed"),
           py::arg("epoch"), py::arg("shuffle"), py::arg("n_threads"));
  m.def(
      "record_width",
      [](const py::dict& spec, int itemsize) {
        return itemsize == 4 ? solvers::record_width<float>(spec_from(spec))
                             : solvers::record_width<double>(spec_from(spec));
      },
      py::arg("spec"), py::arg("itemsize"));
  m.def(
      "block_size",
      [](const py::dict& spec, std::int64_t d) {
        const Spec parsed = spec_from(spec);
        return parsed.batch_size > 1 ? solvers::BlockLayout::size(d, parsed.loss.columns) : 0;
      },
      py::arg("spec"), py::arg("n_features"));
}

}  // namespace gradstream::bindings
