// Records of sparse features as solvers read and write them.
#pragma once

#include <cstring>

#include "kernels/table.hpp"
#include "solvers/learner_state.hpp"

namespace gradstream::solvers {

/// Up to when a feature is settled.
struct RecordTimes {
  double clock = 0.0;
  double step = 0.0;
};

/// Reads and writes records as of one clock: weights of a table that shrinks together come and go by the same factor.
template <class T>
class SparseRecords {
 public:
  SparseRecords(const Spec& spec, const LearnerState<T>& state)
      : shape_(kernels::record_shape(spec)),
        width_(shape_.template width<T>()),
        table_(state.table),
        now_{state.counters->clock, state.counters->steps} {
    if (!kernels::shrinks_together(spec)) return;
    const double pending = now_.clock - kernels::folded_clock(spec.penalty.l2, now_.clock);
    kernels::table().penalty_flow(spec.penalty, 1, &pending, &shrunk_);
  }

  /// Slot a of feature j, weights first, to planes[a][at...]; returns the times of what is still pending.
  RecordTimes read(std::int64_t j, std::int64_t at, double* const* planes) const {
    const T* record = table_ + j * width_;
    const std::int64_t K = shape_.columns;
    for (int a = 0; a <= shape_.slots; ++a) {
      for (std::int64_t k = 0; k < K; ++k) planes[a][at + k] = static_cast<double>(record[a * K + k]);
    }
    for (std::int64_t k = 0; k < K; ++k) planes[0][at + k] *= shrunk_;
    RecordTimes times = now_;
    const T* behind = record + (1 + shape_.slots) * K;
    if (shape_.clocked) std::memcpy(&times.clock, behind, sizeof(double));
    if (shape_.decays) std::memcpy(&times.step, behind + sizeof(double) / sizeof(T), sizeof(double));
    return times;
  }

  /// The reverse; nothing is pending as of `times`.
  void write(std::int64_t j, std::int64_t at, const double* const* planes, const RecordTimes& times) const {
    T* record = table_ + j * width_;
    const std::int64_t K = shape_.columns;
    for (std::int64_t k = 0; k < K; ++k) record[k] = static_cast<T>(planes[0][at + k] / shrunk_);
    for (int a = 1; a <= shape_.slots; ++a) {
      for (std::int64_t k = 0; k < K; ++k) record[a * K + k] = static_cast<T>(planes[a][at + k]);
    }
    T* behind = record + (1 + shape_.slots) * K;
    if (shape_.clocked) std::memcpy(behind, &times.clock, sizeof(double));
    if (shape_.decays) std::memcpy(behind + sizeof(double) / sizeof(T), &times.step, sizeof(double));
  }

  const RecordTimes& now() const { return now_; }

 private:
  kernels::RecordShape shape_;
  std::int64_t width_;
  T* table_;
  RecordTimes now_;
  double shrunk_ = 1.0;
};

/// Multiplies what all weights shrank by into the table when the clock has come far enough since `clock_before`;
/// `before` is called first, for every feature changes.
template <class T>
void fold_records(const Spec& spec, const LearnerState<T>& state, double clock_before, const BeforeFold& before) {
  const double clock = state.counters->clock, l2 = spec.penalty.l2;
  if (!state.sparse || !kernels::folds(spec, clock_before, clock)) return;
  if (before) before();
  const double pending = kernels::folded_clock(l2, clock) - kernels::folded_clock(l2, clock_before);
  double shrunk = 1.0;
  kernels::table().penalty_flow(spec.penalty, 1, &pending, &shrunk);
  const std::int64_t size = table_size(spec, state);
  for (std::int64_t i = 0; i < size; ++i) state.table[i] = static_cast<T>(static_cast<double>(state.table[i]) * shrunk);
}

}  // namespace gradstream::solvers
