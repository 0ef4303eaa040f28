// A dense state while rows are learnt or read: a copy, so that what fails leaves nothing behind and nobody reads half
// of a call.
#pragma once

#include <vector>

#include "core/aligned.hpp"
#include "kernels/table.hpp"
#include "solvers/learner_state.hpp"
#include "solvers/vectors.hpp"

namespace gradstream::solvers {

/// Memory of a copy and of a kernel's scratch, kept from row to row where rows come one by one: they do not wait for an
/// allocator.
template <class T>
struct LearnerMemory {
  AlignedVector<T> table;
  AlignedVector<double> statistics;
  AlignedVector<double> bias;
  AlignedVector<double> scratch;
  kernels::Counters counters;
  std::vector<T> records;  // sparse: of the row's features, as of before the row

  std::size_t elements() const { return table.size(); }
};

/// A dense state in the shape kernels want: slots padded to whole packs, beside the scale of the current statistics;
/// intercepts and counters as they will be.
template <class T>
class DenseWorkspace {
 public:
  DenseWorkspace(const Spec& spec, const LearnerState<T>& state, LearnerMemory<T>& memory)
      : flat_(state.d * state.K), width_((flat_ + 15) / 16 * 16), slots_(1 + slot_count(spec)), memory_(memory) {
    memory_.table.resize(static_cast<std::size_t>(width_ * slots_));
    for (int a = 0; a < slots_; ++a) {
      std::copy_n(state.table + a * flat_, flat_, slot(a));
      std::fill(slot(a) + flat_, slot(a) + width_, a == 0 ? T(0) : T(1));
    }
    memory_.bias.assign(state.bias, state.bias + slots_ * state.K);
    memory_.counters = *state.counters;
    draft_ = state;
    draft_.bias = memory_.bias.data();
    draft_.counters = &memory_.counters;
    if (state.mean == nullptr) return;
    statistics_width_ = (state.d + 15) / 16 * 16;
    memory_.statistics.resize(static_cast<std::size_t>(3 * statistics_width_));
    for (int which = 0; which < 3; ++which) std::fill_n(statistic(which) + state.d, statistics_width_ - state.d, 0.0);
    std::copy_n(state.mean, state.d, statistic(0));
    std::copy_n(state.m2, state.d, statistic(1));
  }

  /// 1/sd as of the state: what rows are read by until statistics take one in.
  void measure_scale() {
    if (statistics_width_ == 0) return;
    kernels::table().inverse_deviation(draft_.d, statistic(0), statistic(1), memory_.counters.weight, statistic(2));
  }

  T* slot(int a) { return memory_.table.data() + a * width_; }
  /// Mean, m2 and 1/sd; null when rows are read as they are.
  double* statistic(int which) {
    return statistics_width_ == 0 ? nullptr : memory_.statistics.data() + which * statistics_width_;
  }
  /// The state with intercepts and counters of its own; weights, slots and statistics are here.
  LearnerState<T>& draft() { return draft_; }

  /// Writes all of it back; false, and nothing written, when any number of the new state is not finite.
  bool commit(const LearnerState<T>& state) {
    if (!all_finite(slots_ * width_, memory_.table.data()) || !all_finite(slots_ * state.K, memory_.bias.data()) ||
        (statistics_width_ > 0 && !all_finite(2 * statistics_width_, memory_.statistics.data()))) {
      return false;
    }
    const parallel::CommitGate::Writing writing(*state.gate);
    for (int a = 0; a < slots_; ++a) std::copy_n(slot(a), flat_, state.table + a * flat_);
    std::copy_n(memory_.bias.data(), slots_ * state.K, state.bias);
    *state.counters = memory_.counters;
    if (statistics_width_ == 0) return true;
    std::copy_n(statistic(0), state.d, state.mean);
    std::copy_n(statistic(1), state.d, state.m2);
    return true;
  }

 private:
  std::int64_t flat_, width_;
  int slots_;
  LearnerMemory<T>& memory_;
  LearnerState<T> draft_;
  std::int64_t statistics_width_ = 0;
};

}  // namespace gradstream::solvers
