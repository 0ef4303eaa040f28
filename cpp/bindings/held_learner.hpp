// What both kinds of learners do the same way: single rows, labels that come late, reports.
#pragma once

#include "bindings/delay_of.hpp"
#include "bindings/held_state.hpp"
#include "bindings/interrupt.hpp"

namespace gradstream::bindings {

/// `Handle`, which derives from it, says what is done with rows in place:
///   Status report_rows(view, state, memory, out, n_threads)
///   Status learn_next(view of one row, state, y, weight): one of a call of many
///   Status learn_alone(view of one row, state, y, weight)
/// `weight` is null for 1.
template <class Handle, template <class> class State, template <class> class Memory>
class HeldLearner : public HeldState<State, Memory> {
  using Held = HeldState<State, Memory>;

 public:
  using Held::Held;

  /// Rows from `first` on are reported, and rows learnt `shift` places later: solvers::Delay.
  py::tuple learn_delayed(const py::object& X, const py::object& y, const py::object& weight, const py::object& report,
                          std::int64_t first, std::int64_t shift) {
    const Turn turn(this->busy_);
    const Rows rows = this->matching_rows(X);
    const solvers::Delay delay = delay_of(rows, first, shift);
    const std::int64_t K = this->columns();
    const double* targets = needed_doubles(y, rows.count, "y");
    const double* weights = doubles(weight, rows.count, "sample_weight");
    double* out = needed_writable_doubles(report, (rows.count - first) * K, "report");
    const Status status = this->visit(rows, [&](const auto& view, auto& state) {
      return solvers::report_then_learn(
          delay, &interrupted,
          [&](std::int64_t i) {
            return this->with_memory(state, [&](auto& memory) {
              return handle().report_rows(view.one_row(first + i), state, memory, out + i * K, 1);
            });
          },
          [&](std::int64_t j) {
            const double* own = weights != nullptr ? weights + j : nullptr;
            return handle().learn_next(view.one_row(j), state, targets + j, own);
          });
    });
    raise_interrupt(status);
    return to_tuple(status);
  }

  bool learn_row(PyObject* x, PyObject* y, PyObject* weight, PyObject* values) override {
    const auto own = plain_weight(weight);
    if (this->spec_.batch_size > 1 || !own) return false;
    const auto target = one_target(this->spec_.loss, values, y);
    if (!target) return false;
    const Turn turn(this->busy_);
    const double s = *own * target->weight;
    return this->visit_row(x, [&](const auto& view, auto& state) {
      return handle().learn_alone(view, state, &target->value, s == 1.0 ? nullptr : &s).ok();
    });
  }

  bool report_row(PyObject* x, double* out) override {
    return this->visit_row(x, [&](const auto& view, const auto& state) {
      return this->with_memory(state,
                               [&](auto& memory) { return handle().report_rows(view, state, memory, out, 1).ok(); });
    });
  }

  py::tuple report(const py::object& X, const py::object& out, int n_threads) {
    const Rows rows = this->matching_rows(X);
    double* margins = needed_writable_doubles(out, rows.count * this->columns(), "out");
    return to_tuple(this->visit(rows, [&](const auto& view, auto& state) {
      return this->with_memory(state, [&](auto& memory) {
        const Status status = handle().report_rows(view, state, memory, margins, n_threads);
        if (memory.elements() > Held::kKept) memory = {};
        return status;
      });
    }));
  }

 private:
  Handle& handle() { return static_cast<Handle&>(*this); }
};

/// The methods that every learner has in Python.
template <class Handle>
py::class_<Handle> learner_class(py::module_& m, const char* name) {
  py::class_<Handle> python(m, name);
  python.def(py::init<const py::dict&, const py::dict&>(), py::arg("spec"), py::arg("arrays"))
      .def("learn", &Handle::learn, py::arg("X"), py::arg("y"), py::arg("sample_weight"), py::arg("report"),
           py::arg("n_threads"))
      .def("learn_delayed", &Handle::learn_delayed, py::arg("X"), py::arg("y"), py::arg("sample_weight"),
           py::arg("report"), py::arg("first"), py::arg("shift"))
      .def("one_row", &one_row_of<Handle>, py::arg("values"))
      .def("flush", &Handle::flush)
      .def("report", &Handle::report, py::arg("X"), py::arg("out"), py::arg("n_threads"))
      .def("linear", &Handle::linear)
      .def("planes", &Handle::planes)
      .def("set_planes", &Handle::set_planes, py::arg("planes"));
  return python;
}

}  // namespace gradstream::bindings
