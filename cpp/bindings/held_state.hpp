// What every handle on a model's arrays has: the arrays Python holds, their dtype and layout, and one learner at a
// time.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <atomic>

#include "bindings/numpy_view.hpp"
#include "bindings/spec_from.hpp"
#include "bindings/turn.hpp"
#include "kernels/stream.hpp"

namespace gradstream::bindings {

/// `State`: the model's borrowed state, by element type. The handle that derives from it binds the arrays.
template <template <class> class State>
class HeldState {
 protected:
  HeldState(const py::dict& spec, const py::dict& arrays) : spec_(spec_from(spec)), arrays_(arrays) {
    const py::array table = this->table();
    single_ = holds<float>(table);
    if (!single_ && !holds<double>(table)) throw py::type_error("table: expected float32 or float64");
    if (!(table.flags() & py::array::c_style)) throw py::value_error("table: expected a C-contiguous array");
    sparse_ = table.ndim() == 2;
    if (!sparse_ && table.ndim() != 3) throw py::value_error("table: expected 2 (sparse) or 3 (dense) dimensions");
    d_ = sparse_ ? table.shape(0) : table.shape(1);
  }

  py::array table() const { return py::reinterpret_borrow<py::array>(arrays_["table"]); }

  /// Read-only arrays are fine for a handle that only reports.
  double* array(const char* name, std::int64_t size) { return const_cast<double*>(doubles(arrays_[name], size, name)); }

  /// What all states have, from arrays of `planes` rows per intercept.
  template <class T>
  void bind_shared(State<T>& state, std::int64_t planes) {
    state.sparse = sparse_;
    state.d = d_;
    state.K = spec_.loss.columns;
    state.table = static_cast<T*>(const_cast<void*>(table().data()));
    state.bias = array("bias", planes * state.K);
    if (spec_.standardize == Standardize::scale || spec_.standardize == Standardize::center_scale) {
      state.mean = array("mean", d_);
      state.m2 = array("m2", d_);
      if (sparse_) state.seen = array("seen", d_);
    }
    state.counters = reinterpret_cast<kernels::Counters*>(array("counters", 8));
  }

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

  /// Coefficients and intercepts as a pair of arrays.
  template <class Model>
  py::tuple pair_of(const Model& model) const {
    return py::make_tuple(to_array(model.coef.data(), spec_.loss.columns, d_),
                          to_array(model.intercept.data(), spec_.loss.columns));
  }

  Spec spec_;
  py::dict arrays_;
  bool single_ = false;
  bool sparse_ = false;
  std::int64_t d_ = 0;
  State<float> single_state_;
  State<double> double_state_;
  std::atomic<bool> busy_{false};
};

}  // namespace gradstream::bindings
