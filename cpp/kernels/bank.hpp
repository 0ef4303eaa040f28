// The bank's state as kernels see it.
#pragma once

#include <cstdint>

#include "core/spec.hpp"
#include "kernels/stream.hpp"

namespace gradstream::kernels {

/// What the bank keeps besides weights: one float64 array of kExpertsSize numbers.
struct Experts {
  double weight[kBankLanes];  // of each lane, sum 1
  double norm;                // weighted mean of |x|^2, the intercept's 1 included
  double target_mean;         // regression with a real target: its weighted mean and sum of squared deviations
  double target_m2;
  double residual;       // and the weighted mean of the averaged model's loss
  double mixture_loss;   // less log(evidence): sum of -log(sum_l weight_l exp(-loss_l)), what the bound is about
  double woken;          // the clock when lane 0 began to move; infinite while it rests at the solution of a fit
  double features;       // sparse: records in use
  double counted;        // weight that norm, residual and the target's statistics are over
  double adagrad_clock;  // how long AdaGrad's penalties have acted, but for c: the sum of s, in units of a real target
  double evidence;       // product of the sums whose logarithms have not been taken
};
/// Whether lane 0 still stands at the solution of a fit: it does until the others have taken its weight.
inline bool resting(const Experts& experts, const Counters& counters) { return experts.woken > counters.clock; }
/// How much of the clock lane 0 has been awake.
inline double awake_clock(const Experts& experts, const Counters& counters) {
  return resting(experts, counters) ? 0.0 : counters.clock - experts.woken;
}
inline constexpr std::int64_t kExpertsSize = sizeof(Experts) / sizeof(double);

/// How long penalties have acted: of gradient descent but for its rate, of AdaGrad but for its rate and c. A sparse
/// record keeps both as of when it was settled.
struct BankClocks {
  double descent;
  double adagrad;
};
inline BankClocks bank_clocks(const Counters& counters, const Experts& experts) {
  return {counters.clock, experts.adagrad_clock};
}

/// Where the bank's weights are. Dense: one plane per lane and AdaGrad's accumulator, flat (feature-major, K per
/// feature) and padded to whole packs. Sparse: float32 records of the features met so far, one per place.
template <class T>
struct BankTable {
  T* plane[kBankPlanes] = {};
  float* record = nullptr;
  std::int32_t* place = nullptr;  // (d,): 1 + number of the feature's record, 0 without one
};

/// A sparse record: per column 8 weights, then the accumulator of every column, weight and mean square of the feature's
/// values, and as raw float64 the two clocks up to which the penalty is settled: of gradient descent and of AdaGrad.
/// One column fills a cache line.
struct BankRecord {
  std::int64_t columns;
  std::int64_t accumulators() const { return columns * kBankLanes; }
  std::int64_t count() const { return columns * kBankPlanes; }
  std::int64_t mean_square() const { return count() + 1; }
  std::int64_t clocks() const { return (count() + 3) / 2 * 2; }
  std::int64_t width() const { return (clocks() + 4 + 15) / 16 * 16; }
};

template <class T>
struct BankJob {
  const Spec* spec = nullptr;
  const double* y = nullptr;       // by absolute row; null when only reporting
  const double* weight = nullptr;  // by absolute row; null: all 1
  double* report = nullptr;        // (rows of the set, K) margins before learning; null: not wanted
  BankTable<T> table;
  double* bias = nullptr;  // (9, K)
  Standardizer standardizer;
  Counters* counters = nullptr;
  Experts* experts = nullptr;
  double* workspace = nullptr;  // bank_workspace(...) doubles
};

}  // namespace gradstream::kernels
