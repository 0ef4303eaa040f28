// What every handle on a model's arrays has: the arrays Python holds, their dtype and layout, and one learner at a
// time.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <memory>

#include "bindings/numpy_view.hpp"
#include "bindings/one_row.hpp"
#include "bindings/row_calls.hpp"
#include "bindings/spec_from.hpp"
#include "bindings/turn.hpp"
#include "kernels/stream.hpp"
#include "parallel/claim.hpp"
#include "parallel/commit_gate.hpp"

namespace gradstream::bindings {

/// `State`: the model's borrowed state, by element type; `Memory`: of those who read it. The handle that derives from
/// it binds the arrays.
template <template <class> class State, template <class> class Memory>
class HeldState : public RowCalls {
 public:
  std::int64_t columns() const override { return spec_.loss.columns; }

 protected:
  static constexpr std::size_t kKept = 1 << 17;  // elements of a copy that are kept from chunk to chunk

  HeldState(const py::dict& spec, const py::dict& arrays) : spec_(spec_from(spec)), arrays_(arrays) {
    const py::array table = this->table();
    single_ = holds<float>(table);
    if (!single_ && !holds<double>(table)) throw py::type_error("table: expected float32 or float64");
    if (!is_plain(table)) throw py::value_error("table: expected a C-contiguous, aligned array");
    sparse_ = table.ndim() == 2;
    if (!sparse_ && table.ndim() != 3) throw py::value_error("table: expected 2 (sparse) or 3 (dense) dimensions");
    d_ = sparse_ ? table.shape(0) : table.shape(1);
  }

  py::array table() const { return arrays_["table"].cast<py::array>(); }

  /// Read-only arrays are fine for a handle that only reports.
  double* array(const char* name, std::int64_t size) {
    return const_cast<double*>(needed_doubles(arrays_[name], size, name));
  }

  /// What all states have, from arrays of `planes` rows per intercept.
  template <class T>
  void bind_shared(State<T>& state, std::int64_t planes) {
    state.sparse = sparse_;
    state.gate = &gate_;
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

  /// f(state) with the GIL released.
  template <class F>
  auto with_state(F&& f) {
    const py::gil_scoped_release unlocked;
    return single_ ? f(single_state_) : f(double_state_);
  }

  /// f(state) between two commits.
  template <class F>
  auto read_state(F&& f) {
    return with_state([&](auto& state) {
      const parallel::CommitGate::Reading reading(gate_);
      return f(state);
    });
  }

  /// f(state) as one commit.
  template <class F>
  auto change_state(F&& f) {
    const Turn turn(busy_);
    return with_state([&](auto& state) {
      const parallel::CommitGate::Writing writing(gate_);
      return f(state);
    });
  }

  /// f(view, state) of a single row in place, with the GIL: letting it go takes longer. False where x is not an array
  /// or pair of arrays that the core reads as it is.
  template <class F>
  bool visit_row(PyObject* x, F&& f) {
    return single_ ? visit_row(x, single_state_, f) : visit_row(x, double_state_, f);
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

  template <class T, class F>
  bool visit_row(PyObject* x, State<T>& state, F&& f) {
    if (!sparse_) {
      const Elements<T> row = elements<T>(x);
      return row.data != nullptr && row.count == d_ && f(DenseView<T>{row.data, 1, d_, d_}, state);
    }
    if (!PyTuple_CheckExact(x) || PyTuple_GET_SIZE(x) != 2) return false;
    PyObject* const indices = PyTuple_GET_ITEM(x, 0);
    const Elements<T> values = elements<T>(PyTuple_GET_ITEM(x, 1));
    if (values.data == nullptr) return false;
    return visit_pair(elements<std::int32_t>(indices), values, state, f) ||
           visit_pair(elements<std::int64_t>(indices), values, state, f);
  }

  template <class I, class T, class F>
  bool visit_pair(const Elements<I>& indices, const Elements<T>& values, State<T>& state, F&& f) {
    if (indices.data == nullptr || indices.count != values.count || !are_columns(indices, d_)) return false;
    const I indptr[2] = {0, static_cast<I>(indices.count)};
    return f(CsrView<T, I>{values.data, indices.data, indptr, 1, d_}, state);
  }

  /// f(memory) of the handle's own, or of the call's while another thread reads with that.
  template <class T, class F>
  auto with_memory(const State<T>&, F&& f) {
    if (!reading_.take()) {
      Memory<T> memory;
      return f(memory);
    }
    const std::unique_ptr<parallel::Claim, EndOfReading> end(&reading_);
    if constexpr (std::is_same_v<T, float>) {
      return f(single_memory_);
    } else {
      return f(double_memory_);
    }
  }
  struct EndOfReading {
    void operator()(parallel::Claim* reading) const { reading->give(); }
  };

  Spec spec_;
  py::dict arrays_;
  bool single_ = false;
  bool sparse_ = false;
  std::int64_t d_ = 0;
  State<float> single_state_;
  State<double> double_state_;
  parallel::Claim busy_;
  parallel::CommitGate gate_;
  parallel::Claim reading_;
  Memory<float> single_memory_;
  Memory<double> double_memory_;
};

}  // namespace gradstream::bindings
