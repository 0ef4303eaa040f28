// _core.Bank: the untuned learner on arrays that Python holds.
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include "bindings/held_learner.hpp"
#include "bindings/register.hpp"
#include "solvers/bank.hpp"

namespace gradstream::bindings {
namespace {

class Bank : public HeldLearner<Bank, solvers::BankState, solvers::BankMemory> {
 public:
  Bank(const py::dict& spec, const py::dict& arrays) : HeldLearner(spec, arrays) {
    if (single_) {
      bind_state(single_state_);
    } else {
      bind_state(double_state_);
    }
  }

  py::tuple learn(const py::object& X, const py::object& y, const py::object& weight, const py::object& report, int) {
    const Turn turn(busy_);
    const Rows rows = matching_rows(X);
    const solvers::BankInputs inputs{needed_doubles(y, rows.count, "y"), doubles(weight, rows.count, "sample_weight"),
                                     writable_doubles(report, rows.count * spec_.loss.columns, "report")};
    const Status status = visit(rows, [&](const auto& view, auto& state) {
      return solvers::bank_learn(view, spec_, state, inputs, &interrupted);
    });
    raise_interrupt(status);
    return to_tuple(status);
  }

  template <class View, class State>
  Status learn_next(const View& x, State& state, const double* y, const double* weight) {
    return solvers::bank_learn(x, spec_, state, {y, weight, nullptr}, never_interrupted_);
  }
  template <class View, class State>
  Status learn_alone(const View& x, State& state, const double* y, const double* weight) {
    return learn_next(x, state, y, weight);
  }
  template <class View, class State, class Memory>
  Status report_rows(const View& X, const State& state, Memory& memory, double* out, int n_threads) {
    return solvers::bank_report(X, spec_, state, memory, out, n_threads);
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
    const double* values = needed_doubles(planes, kBankPlanes * d_ * spec_.loss.columns, "planes");
    return to_tuple(change_state([&](auto& state) { return solvers::set_bank_planes(spec_, state, values); }));
  }

  py::array units() {
    if (!sparse_) throw py::type_error("units: a dense bank has none");
    const auto values = with_state([&](auto& state) { return solvers::bank_units(state); });
    return to_array(values.data(), 2, d_);
  }

  void set_units(const py::object& weight, const py::object& mean_square) {
    if (!sparse_) throw py::type_error("set_units: a dense bank has none");
    const double* weights = needed_doubles(weight, d_, "weight");
    const double* squares = needed_doubles(mean_square, d_, "mean_square");
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
    const auto records = arrays_["records"].cast<py::array>();
    const auto places = arrays_["places"].cast<py::array>();
    if (!holds<float>(records) || records.ndim() != 2 || records.shape(1) != state.record().width() ||
        !is_plain(records))
      throw py::value_error("records: expected float32 (capacity, bank_record_width(columns)), C-contiguous");
    if (!holds<std::int32_t>(places) || places.size() != d_ || !is_plain(places))
      throw py::value_error("places: expected int32 (n_features,)");
    state.records = static_cast<float*>(const_cast<void*>(records.data()));
    state.places = static_cast<std::int32_t*>(const_cast<void*>(places.data()));
    state.capacity = records.shape(0);
  }

  solvers::Interrupted never_interrupted_ = [] { return false; };
};

}  // namespace

void register_bank(py::module_& m) {
  learner_class<Bank>(m, "Bank")
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
