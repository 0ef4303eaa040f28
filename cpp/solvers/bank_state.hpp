// The bank's state: arrays the estimator holds and C++ borrows (shapes in python/gradstream/_core.pyi).
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <vector>

#include "core/aligned.hpp"
#include "core/spec.hpp"
#include "kernels/table.hpp"
#include "parallel/commit_gate.hpp"
#include "views/rows.hpp"

namespace gradstream::solvers {

/// Memory of copies and of a kernel's scratch, kept from call to call: a row on its own does not wait for an allocator.
template <class T>
struct BankMemory {
  AlignedVector<T> planes;
  AlignedVector<double> statistics;
  AlignedVector<double> scratch;
  AlignedVector<double> bias;  // dense: as it will be; sparse: as of the call's start
  kernels::Counters counters;
  kernels::Experts experts;
  AlignedVector<float> records;      // sparse: of the rows' features, as of the call's start
  std::vector<std::int64_t> places;  // and where they are
  std::vector<std::int64_t> met;     // features that got their first record in this call

  std::size_t elements() const { return planes.size(); }
};

template <class T>
struct BankState {
  bool sparse = false;
  std::int64_t d = 0;
  std::int64_t K = 1;
  T* table = nullptr;              // dense (9, d, K): a plane per lane, then AdaGrad's accumulator
  float* records = nullptr;        // sparse (capacity, width): kernels::BankRecord
  std::int32_t* places = nullptr;  // sparse (d,): 1 + the feature's record, 0 before its first row
  std::int64_t capacity = 0;
  double* bias = nullptr;  // (9, K)
  double* mean = nullptr;  // null: not standardised
  double* m2 = nullptr;
  double* seen = nullptr;  // sparse only
  kernels::Counters* counters = nullptr;
  kernels::Experts* experts = nullptr;
  parallel::CommitGate* gate = nullptr;  // between those who read a dense state and its commit
  BankMemory<T> memory;                  // of the one call that learns

  std::int64_t flat() const { return d * K; }
  kernels::BankRecord record() const { return {K}; }
  std::int64_t used() const { return static_cast<std::int64_t>(experts->features); }
};

/// Makes the record of a feature that is met for the first time; settled as of the counters.
template <class T>
void start_record(const Spec& spec, const BankState<T>& state, std::int64_t at) {
  const kernels::BankRecord shape = state.record();
  float* record = state.records + at * shape.width();
  std::fill_n(record, shape.width(), 0.0F);
  std::fill_n(record + shape.accumulators(), state.K, static_cast<float>(spec.optimizer.initial_accumulator));
  const kernels::BankClocks clocks = kernels::bank_clocks(*state.counters, *state.experts);
  std::memcpy(record + shape.clocks(), &clocks, sizeof(clocks));
}

/// A record for every feature of the rows of positive weight, in the order they come, so that how a stream is cut has
/// no effect. "full", and nothing has changed, when there is no room for all of them. `met` lists those that are no
/// longer as they were, whatever is thrown meanwhile.
template <class View, class T>
Status start_features(const View& X, const double* weight, const Spec& spec, BankState<T>& state,
                      std::vector<std::int64_t>& met) {
  const std::int64_t before = state.used();
  for (std::int64_t i = 0; i < X.rows; ++i) {
    if (weight != nullptr && !(weight[i] > 0.0)) continue;
    for (auto at = static_cast<std::int64_t>(X.indptr[i]); at < static_cast<std::int64_t>(X.indptr[i + 1]); ++at) {
      const auto j = static_cast<std::int64_t>(X.indices[at]);
      if (state.places[j] != 0) continue;
      met.push_back(j);
      state.places[j] = -1;  // noted; to those who read meanwhile, a feature without a record
    }
  }
  const std::int64_t needed = before + static_cast<std::int64_t>(met.size());
  if (needed > state.capacity) {
    for (const std::int64_t j : met) state.places[j] = 0;
    met.clear();
    return {Code::full, needed};
  }
  for (std::int64_t at = before; at < needed; ++at) {
    start_record(spec, state, at);  // before anybody can find it
    state.places[met[static_cast<std::size_t>(at - before)]] = static_cast<std::int32_t>(at + 1);
  }
  state.experts->features = static_cast<double>(needed);
  return {};
}

/// What a call may change of a sparse bank, put back unless the call says `keep`: the records of its rows' features. (A
/// dense one is learnt in a copy.)
template <class T>
class BankUndo {
 public:
  template <class View>
  BankUndo(const View& X, BankState<T>& state) : state_(state), memory_(state.memory), one_row_(X.rows == 1) {
    memory_.counters = *state.counters;
    memory_.experts = *state.experts;
    memory_.bias.assign(state.bias, state.bias + kBankPlanes * state.K);
    memory_.statistics.clear();
    memory_.places.clear();
    memory_.met.clear();
    if (state.mean != nullptr) {
      remember_statistic(state.mean);
      remember_statistic(state.m2);
      remember_statistic(state.seen);
    }
    remember_records(X);
  }
  ~BankUndo() {
    if (!kept_) restore();
    if (!one_row_) memory_.records = {};  // of a whole chunk they may weigh as much as the bank
  }
  BankUndo(const BankUndo&) = delete;
  BankUndo& operator=(const BankUndo&) = delete;

  void keep() { kept_ = true; }

 private:
  void restore() const {
    *state_.counters = memory_.counters;
    *state_.experts = memory_.experts;
    std::copy(memory_.bias.begin(), memory_.bias.end(), state_.bias);
    if (!memory_.statistics.empty()) {
      std::copy_n(memory_.statistics.begin(), state_.d, state_.mean);
      std::copy_n(memory_.statistics.begin() + state_.d, state_.d, state_.m2);
      std::copy_n(memory_.statistics.begin() + 2 * state_.d, state_.d, state_.seen);
    }
    for (const std::int64_t j : memory_.met) state_.places[j] = 0;
    const std::int64_t width = state_.record().width();
    if (whole_) {
      std::copy_n(memory_.records.begin(), state_.used() * width, state_.records);
      return;
    }
    const float* kept = memory_.records.data();
    for (const std::int64_t place : memory_.places) {
      std::copy_n(kept, width, state_.records + place * width);
      kept += width;
    }
  }

  void remember_statistic(const double* values) {
    memory_.statistics.insert(memory_.statistics.end(), values, values + state_.d);
  }

  /// All records, or those of the rows' entries where these are fewer; a feature met twice is kept twice, alike.
  template <class View>
  void remember_records(const View& X) {
    const std::int64_t width = state_.record().width();
    whole_ = X.stored() >= state_.used();
    const std::int64_t room = whole_ ? state_.used() * width : X.stored() * width;
    if (static_cast<std::int64_t>(memory_.records.size()) < room)
      memory_.records.resize(static_cast<std::size_t>(room));
    if (whole_) {
      std::copy_n(state_.records, room, memory_.records.begin());
      return;
    }
    float* kept = memory_.records.data();
    for (auto at = static_cast<std::int64_t>(X.indptr[0]); at < static_cast<std::int64_t>(X.indptr[X.rows]); ++at) {
      const std::int64_t place = state_.places[static_cast<std::int64_t>(X.indices[at])];
      if (place <= 0) continue;
      memory_.places.push_back(place - 1);
      const float* record = state_.records + (place - 1) * width;
      for (const float* const end = record + width; record < end; record += kLine, kept += kLine) {
        std::memcpy(kept, record, kLine * sizeof(float));  // of a size that the compiler knows: no call
      }
    }
  }

  static constexpr std::int64_t kLine = 16;  // records are whole cache lines

  const BankState<T>& state_;
  BankMemory<T>& memory_;
  bool one_row_;
  bool whole_ = false;
  bool kept_ = false;
};

}  // namespace gradstream::solvers
