// Row by row: one pass in the given order, state carried. What partial_fit and learn_one call at batch size 1.
#pragma once

#include "core/aligned.hpp"
#include "kernels/table.hpp"
#include "solvers/learner_state.hpp"

namespace gradstream::solvers {

/// A dense state in the shape kernels want: slots padded to whole packs, beside the scale of the current statistics.
template <class T>
class DenseWorkspace {
 public:
  DenseWorkspace(const Spec& spec, const LearnerState<T>& state)
      : flat_(state.d * state.K), slots_(1 + slot_count(spec)) {
    width_ = (flat_ + 15) / 16 * 16;
    table_.assign(static_cast<std::size_t>(width_ * slots_), T(1));
    for (int a = 0; a < slots_; ++a) {
      std::copy_n(state.table + a * flat_, flat_, slot(a));
      if (a == 0) std::fill(slot(a) + flat_, slot(a) + width_, T(0));
    }
    if (state.mean == nullptr) return;
    statistics_width_ = (state.d + 15) / 16 * 16;
    statistics_.assign(static_cast<std::size_t>(3 * statistics_width_), 0.0);
    std::copy_n(state.mean, state.d, statistic(0));
    std::copy_n(state.m2, state.d, statistic(1));
    kernels::table().inverse_deviation(state.d, state.mean, state.m2, state.counters->weight, statistic(2));
  }

  T* slot(int a) { return table_.data() + a * width_; }
  /// Mean, m2 and 1/sd; null when rows are read as they are.
  double* statistic(int which) {
    return statistics_.empty() ? nullptr : statistics_.data() + which * statistics_width_;
  }

  /// Writes slots and statistics back; false, and nothing written, when any number of the new state is not finite.
  bool commit(const LearnerState<T>& state) {
    double probe = 0.0;
    for (const T value : table_) probe += 0.0 * static_cast<double>(value);
    for (const double value : statistics_) probe += 0.0 * value;
    for (std::int64_t i = 0; i < slots_ * state.K; ++i) probe += 0.0 * state.bias[i];
    if (!(probe == 0.0)) return false;
    for (int a = 0; a < slots_; ++a) std::copy_n(slot(a), flat_, state.table + a * flat_);
    if (!statistics_.empty()) {
      std::copy_n(statistic(0), state.d, state.mean);
      std::copy_n(statistic(1), state.d, state.m2);
    }
    return true;
  }

 private:
  std::int64_t flat_, width_;
  int slots_;
  AlignedVector<T> table_;
  std::int64_t statistics_width_ = 0;
  AlignedVector<double> statistics_;
};

/// A job on the state as it stands; `dense` only for the dense layout.
template <class T>
kernels::StreamJob<T> stream_job(const Spec& spec, const LearnerState<T>& state, DenseWorkspace<T>* dense,
                                 bool frozen) {
  kernels::StreamJob<T> job;
  job.spec = &spec;
  job.context = step_context(spec);
  job.bias = state.bias;
  job.counters = state.counters;
  job.standardizer = {state.mean, state.m2, state.seen, nullptr, spec.standardize == Standardize::center_scale, frozen};
  if (dense != nullptr) {
    job.standardizer.mean = dense->statistic(0);
    job.standardizer.m2 = dense->statistic(1);
    job.standardizer.scale = dense->statistic(2);
  }
  job.table.slots = slot_count(spec);
  if (dense != nullptr) {
    for (int a = 0; a <= job.table.slots; ++a) job.table.slot[a] = dense->slot(a);
  } else {
    job.table.record = state.table;
    job.table.record_width = record_width<T>(spec);
  }
  return job;
}

/// Learns the rows in order. Not ok: the state is spoilt, the caller restores it.
template <class View>
Status stream_rows(const View& X, RowSet rows, const Spec& spec, LearnerState<typename View::value_type>& state,
                   const LearnInputs& inputs, double& loss);

/// Margins of the state as it stands into out (rows, K), rows shared out among threads.
template <class View>
Status report_rows(const View& X, const Spec& spec, const LearnerState<typename View::value_type>& state, double* out,
                   int n_threads);

}  // namespace gradstream::solvers
