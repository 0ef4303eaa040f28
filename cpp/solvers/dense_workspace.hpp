// A dense state while rows are learnt or read: a copy, so that what fails leaves nothing behind and nobody reads half
// of a call.
#pragma once

#include <vector>

#include "core/aligned.hpp"
#include "kernels/table.hpp"
#include "solvers/draft_statistics.hpp"
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
      : flat_(state.d * state.K),
        width_((flat_ + 15) / 16 * 16),
        slots_(1 + slot_count(spec)),
        memory_(memory),
        statistics_(state, memory.statistics) {
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
  }

  /// 1/sd as of the state: what rows are read by until statistics take one in.
  void measure_scale() { statistics_.measure_scale(memory_.counters.weight); }

  T* slot(int a) { return memory_.table.data() + a * width_; }
  DraftStatistics& statistics() { return statistics_; }
  /// The state with intercepts and counters of its own; weights, slots and statistics are here.
  LearnerState<T>& draft() { return draft_; }

  /// Writes all of it back; false, and nothing written, when any number of the new state is not finite.
  bool commit(const LearnerState<T>& state) {
    if (!all_finite(slots_ * width_, memory_.table.data()) || !all_finite(slots_ * state.K, memory_.bias.data()) ||
        !statistics_.finite()) {
      return false;
    }
    const parallel::CommitGate::Writing writing(*state.gate);
    for (int a = 0; a < slots_; ++a) std::copy_n(slot(a), flat_, state.table + a * flat_);
    std::copy_n(memory_.bias.data(), slots_ * state.K, state.bias);
    *state.counters = memory_.counters;
    statistics_.write(state);
    return true;
  }

 private:
  std::int64_t flat_, width_;
  int slots_;
  LearnerMemory<T>& memory_;
  DraftStatistics statistics_;
  LearnerState<T> draft_;
};

}  // namespace gradstream::solvers
