// _core.Learner: streaming and mini-batch learning on arrays that Python holds.
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include "bindings/delay_of.hpp"
#include "bindings/held_state.hpp"
#include "bindings/interrupt.hpp"
#include "bindings/register.hpp"
#include "solvers/delayed.hpp"
#include "solvers/learner.hpp"
#include "solvers/mini_batch.hpp"
#include "solvers/planes.hpp"
#include "solvers/streaming.hpp"

namespace gradstream::bindings {
namespace {

class Learner : public HeldState<solvers::LearnerState, solvers::LearnerMemory> {
 public:
  Learner(const py::dict& spec, const py::dict& arrays) : HeldState(spec, arrays) {
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
    solvers::LearnInputs inputs{doubles(y, rows.count, "y"),
                                doubles(weight, rows.count, "sample_weight"),
                                1.0,
                                writable_doubles(report, rows.count * K, "report"),
                                false,
                                false,
                                n_threads};
    const Status status = visit(rows, [&](const auto& view, auto& state) {
      auto& memory = memory_of(state);
      const Status learnt = solvers::learn(view, spec_, state, inputs, memory, &interrupted);
      if (memory.table.size() > kKept) memory = {};
      return learnt;
    });
    raise_interrupt(status);
    return to_tuple(status);
  }

  /// Rows from `first` on are reported, and rows learnt `shift` places later: solvers::Delay.
  py::tuple learn_delayed(const py::object& X, const py::object& y, const py::object& weight, const py::object& report,
                          std::int64_t first, std::int64_t shift) {
    const Turn turn(busy_);
    const Rows rows = matching_rows(X);
    const solvers::Delay delay = delay_of(rows, first, shift);
    const std::int64_t K = spec_.loss.columns;
    const double* targets = doubles(y, rows.count, "y");
    const double* weights = doubles(weight, rows.count, "sample_weight");
    double* out = writable_doubles(report, (rows.count - first) * K, "report");
    const solvers::Interrupted never = [] { return false; };
    const Status status = visit(rows, [&](const auto& view, auto& state) {
      return solvers::report_then_learn(
          delay, &interrupted,
          [&](std::int64_t i) {
            return with_memory(state, [&](auto& memory) {
              return solvers::report_rows(view.one_row(first + i), spec_, state, memory, out + i * K, 1);
            });
          },
          [&](std::int64_t j) {
            const solvers::LearnInputs row{targets + j, weights != nullptr ? weights + j : nullptr};
            return solvers::learn(view.one_row(j), spec_, state, row, memory_of(state), never);
          });
    });
    raise_interrupt(status);
    return to_tuple(status);
  }

  bool learn_row(PyObject* x, PyObject* y, PyObject* weight, PyObject* values) override {
    const auto own = plain_weight(weight);
    if (spec_.batch_size > 1 || !own) return false;
    const auto target = one_target(spec_.loss, values, y);
    if (!target) return false;
    const Turn turn(busy_);
    const double s = *own * target->weight;
    const solvers::LearnInputs inputs{&target->value, s == 1.0 ? nullptr : &s};
    return visit_row(x, [&](const auto& view, auto& state) {
      return solvers::learn_row(view, spec_, state, inputs, memory_of(state)).ok();
    });
  }

  bool report_row(PyObject* x, double* out) override {
    return visit_row(x, [&](const auto& view, const auto& state) {
      return with_memory(state,
                         [&](auto& memory) { return solvers::report_rows(view, spec_, state, memory, out, 1).ok(); });
    });
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
      return with_memory(state, [&](auto& memory) {
        const Status status = solvers::report_rows(view, spec_, state, memory, margins, n_threads);
        if (memory.table.size() > kKept) memory = {};
        return status;
      });
    }));
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
    const double* values = doubles(planes, (1 + solvers::slot_count(spec_)) * d_ * spec_.loss.columns, "planes");
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
};

}  // namespace

void register_learner(py::module_& m) {
  py::class_<Learner>(m, "Learner")
      .def(py::init<const py::dict&, const py::dict&>(), py::arg("spec"), py::arg("arrays"))
      .def("learn", &Learner::learn, py::arg("X"), py::arg("y"), py::arg("sample_weight"), py::arg("report"),
           py::arg("n_threads"))
      .def("learn_delayed", &Learner::learn_delayed, py::arg("X"), py::arg("y"), py::arg("sample_weight"),
           py::arg("report"), py::arg("first"), py::arg("shift"))
      .def("epoch", &Learner::epoch, py::arg("X"), py::arg("y"), py::arg("sample_weight"), py::arg("seed"),
           py::arg("epoch"), py::arg("shuffle"), py::arg("n_threads"))
      .def("flush", &Learner::flush)
      .def("report", &Learner::report, py::arg("X"), py::arg("out"), py::arg("n_threads"))
      .def("linear", &Learner::linear)
      .def("planes", &Learner::planes)
      .def("set_planes", &Learner::set_planes, py::arg("planes"))
      .def("one_row", &one_row_of<Learner>, py::arg("values"));
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
