// The bank's state: arrays the estimator holds and C++ borrows (shapes in python/gradstream/_core.pyi).
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <vector>

#include "core/aligned.hpp"
#include "core/spec.hpp"
#include "kernels/table.hpp"
#include "views/rows.hpp"

namespace gradstream::solvers {

/// Scratch of learning, kept from call to call: a row learnt on its own does not wait for an allocator.
template <class T>
struct BankMemory {
  AlignedVector<T> planes;
  AlignedVector<double> statistics;
  AlignedVector<double> scratch;
  AlignedVector<double> bias;  // as of the call's start
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
  BankMemory<T> memory;

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
/// no effect. "full", and nothing has changed, when there is no room for all of them. `met` lists them.
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

/// What a call may change, to put it back. Planes and statistics of a dense bank are learnt in a copy: nothing of them
/// changes before all is well. Of a sparse one: the records of these rows' features.
template <class T>
class BankUndo {
 public:
  template <class View>
  BankUndo(const View& X, BankState<T>& state) : state_(state) {
    counters_ = *state.counters;
    experts_ = *state.experts;
    state.memory.bias.assign(state.bias, state.bias + kBankPlanes * state.K);
    if constexpr (is_csr<View>) {
      if (state.mean != nullptr) {
        keep(state.mean);
        keep(state.m2);
        keep(state.seen);
      }
      remember_records(X);
    }
  }

  /// Features that got their first record in this call.
  std::vector<std::int64_t>& met() { return met_; }

  void restore() const {
    *state_.counters = counters_;
    *state_.experts = experts_;
    std::copy(state_.memory.bias.begin(), state_.memory.bias.end(), state_.bias);
    if (!statistics_.empty()) {
      std::copy_n(statistics_.begin(), state_.d, state_.mean);
      std::copy_n(statistics_.begin() + state_.d, state_.d, state_.m2);
      if (state_.seen != nullptr) std::copy_n(statistics_.begin() + 2 * state_.d, state_.d, state_.seen);
    }
    if (!state_.sparse) return;
    for (const std::int64_t j : met_) state_.places[j] = 0;
    const std::int64_t width = state_.record().width();
    if (whole_) {
      std::copy(records_.begin(), records_.end(), state_.records);
      return;
    }
    for (std::size_t f = 0; f < places_.size(); ++f) {
      std::copy_n(records_.begin() + static_cast<std::int64_t>(f) * width, width, state_.records + places_[f] * width);
    }
  }

 private:
  void keep(const double* values) { statistics_.insert(statistics_.end(), values, values + state_.d); }

  /// All records, or those of the rows' entries where these are fewer; a feature met twice is kept twice, alike.
  template <class View>
  void remember_records(const View& X) {
    const std::int64_t width = state_.record().width();
    whole_ = X.stored() >= state_.used();
    if (whole_) {
      records_.assign(state_.records, state_.records + state_.used() * width);
      return;
    }
    for (auto at = static_cast<std::int64_t>(X.indptr[0]); at < static_cast<std::int64_t>(X.indptr[X.rows]); ++at) {
      const std::int64_t place = state_.places[static_cast<std::int64_t>(X.indices[at])];
      if (place <= 0) continue;
      places_.push_back(place - 1);
      records_.insert(records_.end(), state_.records + (place - 1) * width, state_.records + place * width);
    }
  }

  const BankState<T>& state_;
  kernels::Counters counters_;
  kernels::Experts experts_;
  std::vector<double> statistics_;
  std::vector<float> records_;
  std::vector<std::int64_t> places_, met_;
  bool whole_ = false;
};

}  // namespace gradstream::solvers
