// _core.Bank: the untuned learner on arrays that Python holds.
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include "bindings/delay_of.hpp"
#include "bindings/held_state.hpp"
#include "bindings/interrupt.hpp"
#include "bindings/register.hpp"
#include "solvers/bank.hpp"
#include "solvers/delayed.hpp"

namespace gradstream::bindings {
namespace {

class Bank : public HeldState<solvers::BankState, solvers::BankMemory> {
 public:
  Bank(const py::dict& spec, const py::dict& arrays) : HeldState(spec, arrays) {
    if (single_) {
      bind_state(single_state_);
    } else {
      bind_state(double_state_);
    }
  }

  py::tuple learn(const py::object& X, const py::object& y, const py::object& weight, const py::object& report, int) {
    const Turn turn(busy_);
    const Rows rows = matching_rows(X);
    const solvers::BankInputs inputs{doubles(y, rows.count, "y"), doubles(weight, rows.count, "sample_weight"),
                                     writable_doubles(report, rows.count * spec_.loss.columns, "report")};
    const Status status = visit(rows, [&](const auto& view, auto& state) {
      return solvers::bank_learn(view, spec_, state, inputs, &interrupted);
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
    const Status status = visit(rows, [&](const auto& view, auto& state) {
      return solvers::report_then_learn(
          delay, &interrupted,
          [&](std::int64_t i) {
            return with_memory(state, [&](auto& memory) {
              return solvers::bank_report(view.one_row(first + i), spec_, state, memory, out + i * K, 1);
            });
          },
          [&](std::int64_t j) {
            const solvers::BankInputs row{targets + j, weights != nullptr ? weights + j : nullptr, nullptr};
            return solvers::bank_learn(view.one_row(j), spec_, state, row, never_interrupted_);
          });
    });
    raise_interrupt(status);
    return to_tuple(status);
  }

  bool learn_row(PyObject* x, PyObject* y, PyObject* weight, PyObject* values) override {
    const auto own = plain_weight(weight);
    if (!own) return false;
    const auto target = one_target(spec_.loss, values, y);
    if (!target) return false;
    const Turn turn(busy_);
    const double s = *own * target->weight;
    const solvers::BankInputs inputs{&target->value, s == 1.0 ? nullptr : &s, nullptr};
    return visit_row(x, [&](const auto& view, auto& state) {
      return solvers::bank_learn(view, spec_, state, inputs, never_interrupted_).ok();
    });
  }

  bool report_row(PyObject* x, double* out) override {
    return visit_row(x, [&](const auto& view, const auto& state) {
      return with_memory(state,
                         [&](auto& memory) { return solvers::bank_report(view, spec_, state, memory, out, 1).ok(); });
    });
  }

  py::tuple report(const py::object& X, const py::object& out, int n_threads) {
    const Rows rows = matching_rows(X);
    double* margins = writable_doubles(out, rows.count * spec_.loss.columns, "out");
    return to_tuple(visit(rows, [&](const auto& view, auto& state) {
      return with_memory(state, [&](auto& memory) {
        const Status status = solvers::bank_report(view, spec_, state, memory, margins, n_threads);
        if (memory.planes.size() > kKept) memory = {};
        return status;
      });
    }));
  }

  /// There is no unfinished block at batch size 1.
  py::tuple flush() { return to_tuple({}); }

  py::tuple linear() {
    const auto model = read_state([&](auto& state) { return solvers::bank_coefficients(spec_, state); });
    return pair_of(model);
  }

  py::array planes() {
    const auto values = read_state([&](auto& state) { return solvers::bank_planes(spec_, state); });
    py::array_t<double> out({static_cast<std::int64_t>(kBankPlanes), d_, spec_.loss.columns});
    std::copy(values.begin(), values.end(), out.mutable_data());
    return out;
  }

  py::tuple set_planes(const py::object& planes) {
    const double* values = doubles(planes, kBankPlanes * d_ * spec_.loss.columns, "planes");
    return to_tuple(change_state([&](auto& state) { return solvers::set_bank_planes(spec_, state, values); }));
  }

  py::array units() {
    if (!sparse_) throw py::type_error("units: a dense bank has none");
    const auto values = with_state([&](auto& state) { return solvers::bank_units(state); });
    return to_array(values.data(), 2, d_);
  }

  void set_units(const py::object& weight, const py::object& mean_square) {
    if (!sparse_) throw py::type_error("set_units: a dense bank has none");
    const double* weights = doubles(weight, d_, "weight");
    const double* squares = doubles(mean_square, d_, "mean_square");
    change_state([&](auto& state) {
      solvers::set_bank_units(spec_, state, weights, squares);
      return 0;
    });
  }

 private:
  template <class T>
  void bind_state(solvers::BankState<T>& state) {
    bind_shared(state, kBankPlanes);
    if (table().size() != (sparse_ ? 0 : kBankPlanes * state.flat()))
      throw py::value_error("table: size does not fit the specification");
    state.experts = reinterpret_cast<kernels::Experts*>(array("experts", kernels::kExpertsSize));
    if (sparse_) bind_records(state);
  }

  template <class T>
  void bind_records(solvers::BankState<T>& state) {
    const auto records = py::reinterpret_borrow<py::array>(arrays_["records"]);
    const auto places = py::reinterpret_borrow<py::array>(arrays_["places"]);
    if (!holds<float>(records) || records.ndim() != 2 || records.shape(1) != state.record().width() ||
        !(records.flags() & py::array::c_style))
      throw py::value_error("records: expected float32 (capacity, bank_record_width(columns)), C-contiguous");
    if (!holds<std::int32_t>(places) || places.size() != d_ || !(places.flags() & py::array::c_style))
      throw py::value_error("places: expected int32 (n_features,)");
    state.records = static_cast<float*>(const_cast<void*>(records.data()));
    state.places = static_cast<std::int32_t*>(const_cast<void*>(places.data()));
    state.capacity = records.shape(0);
  }

  solvers::Interrupted never_interrupted_ = [] { return false; };
};

}  // namespace

void register_bank(py::module_& m) {
  py::class_<Bank>(m, "Bank")
      .def(py::init<const py::dict&, const py::dict&>(), py::arg("spec"), py::arg("arrays"))
      .def("learn", &Bank::learn, py::arg("X"), py::arg("y"), py::arg("sample_weight"), py::arg("report"),
           py::arg("n_threads"))
      .def("learn_delayed", &Bank::learn_delayed, py::arg("X"), py::arg("y"), py::arg("sample_weight"),
           py::arg("report"), py::arg("first"), py::arg("shift"))
      .def("one_row", &one_row_of<Bank>, py::arg("values"))
      .def("flush", &Bank::flush)
      .def("report", &Bank::report, py::arg("X"), py::arg("out"), py::arg("n_threads"))
      .def("linear", &Bank::linear)
      .def("planes", &Bank::planes)
      .def("set_planes", &Bank::set_planes, py::arg("planes"))
      .def("units", &Bank::units)
      .def("set_units", &Bank::set_units, py::arg("weight"), py::arg("mean_square"));
  m.def(
      "bank_record_width", [](std::int64_t columns) { return kernels::BankRecord{columns}.width(); },
      py::arg("columns"));
  m.def("bank_lanes", [] {
    py::list lanes;
    const BankSpec bank;
    for (int l = 0; l < kBankLanes; ++l) {
      py::dict lane;
      lane["optimizer"] = l < kBankSgdLanes ? "sgd" : "adagrad";
      lane["rate"] = bank.rate[l];
      lanes.append(lane);
    }
    return lanes;
  });
}

}  // namespace gradstream::bindings
