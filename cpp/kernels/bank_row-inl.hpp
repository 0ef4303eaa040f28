// One row's step of the bank on flat buffers: element i is feature i / K, column i % K; every lane has a plane of
// weights. Dense rows step on the planes themselves, sparse rows on gathered copies.
#pragma once

#include <limits>

#include "kernels/bank.hpp"
#include "kernels/clock-inl.hpp"
#include "kernels/lanes-inl.hpp"

namespace gradstream::kernels {
namespace {

/// The row in flat form; every array has n elements, n whole packs. Padding: x = 0, weights 0, accumulators 1.
template <class T>
struct BankRow {
  std::int64_t n = 0;
  const double* x = nullptr;
  const double* next = nullptr;  // K = 1: x of the row to come, its sums are taken as the weights change
  T* plane[kBankPlanes] = {};
  double* rate = nullptr;    // scratch: c, AdaGrad's rate
  double* moved = nullptr;   // scratch: c x
  double* column = nullptr;  // scratch: a value per column, repeated for every feature (K > 1)
};

/// What the step needs of the row besides its features. Per column and lane: (K, 8).
struct BankColumns {
  const Spec* spec = nullptr;
  LaneEvaluate evaluate = nullptr;
  LaneInvariant invariant = nullptr;
  double y = 0.0;
  double s = 1.0;
  double* bias = nullptr;  // (9, K)
  double* z = nullptr;
  double* r = nullptr;
  double* u = nullptr;
  double* q = nullptr;
  double* sums = nullptr;  // (8,) K = 1: margins without intercepts
  double* mean = nullptr;  // (K,) a value per column: margins of the averaged model, squares of r
  double h[kBankLanes];    // length of the step in every lane: rate times s
  double loss[kBankLanes];
  double* length = nullptr;  // (K,) sum_j c_j x_j^2 of AdaGrad
  double norm = 0.0;         // |x|^2 of gradient descent, the intercept's 1 included
  double c_top = 0.0;        // AdaGrad's largest rate in this row
  double deviation = 1.0;    // of a real target so far: the unit of AdaGrad's rates
  double curvature = 1.0;    // of a log link's loss at the target's mean: rates of gradient descent are over it
  double variance = 1.0;     // over the dispersion, there
  double temper = 1.0;       // what makes a loss a negative log-likelihood

  static std::int64_t size(std::int64_t K) { return (4 * K + 1) * kBankLanes + 2 * padded(K); }
  std::int64_t count() const { return spec->loss.columns; }
};

/// columns.sums (8): W_l x of a row of one column. A step leaves those of the row to come (finish_step): the same sums.
template <class T>
GRADSTREAM_INLINE void sum_lanes_of(const BankRow<T>& row, const double* x, const BankColumns& columns) {
  Wide sum[kBankLanes];
  for (int l = 0; l < kBankLanes; ++l) sum[l] = Wide(0.0);
  for (std::int64_t i = 0; i < row.n; i += kLanes) {
    const Wide value = load<Wide>(x + i);
    for (int l = 0; l < kBankLanes; ++l) sum[l] += value * load<Wide>(row.plane[l] + i);
  }
  each_lane_pack([&](int l) { store(columns.sums + l, sums_of_each(sum + l)); });
}

/// Lane by lane: z_k = sum_j W_jk x_j + b_k. Of one column the sums stand in columns.sums.
template <class T>
GRADSTREAM_INLINE void lane_margins(const BankRow<T>& row, const BankColumns& columns) {
  const std::int64_t K = columns.count();
  if (K == 1) {
    each_lane_pack([&](int l) { store(columns.z + l, load<Wide>(columns.bias + l) + load<Wide>(columns.sums + l)); });
    return;
  }
  for (std::int64_t k = 0; k < K; ++k) {
    for (int l = 0; l < kBankLanes; ++l) columns.z[k * kBankLanes + l] = columns.bias[l * K + k];
  }
  for (int l = 0; l < kBankLanes; ++l) {
    std::int64_t k = 0;
    for (std::int64_t i = 0; i < row.n; ++i) {
      columns.z[k * kBankLanes + l] += row.x[i] * static_cast<double>(row.plane[l][i]);
      k = k + 1 == K ? 0 : k + 1;
    }
  }
}

/// The one linear model that the bank stands for: sum_l weight_l W_l. Not inlined, as flat_margins' callers rely on one
/// rounding for predicting and for reporting while learning.
template <class T>
GRADSTREAM_NOINLINE void average_planes(const Experts& experts, T* const* plane, std::int64_t n, double* average) {
  for (std::int64_t i = 0; i < n; i += kLanes) {
    Wide sum(0.0);
    for (int l = 0; l < kBankLanes; ++l) sum += Wide(experts.weight[l]) * load<Wide>(plane[l] + i);
    store(average + i, sum);
  }
}

inline GRADSTREAM_NOINLINE double average_bias(const Experts& experts, const double* bias, std::int64_t K,
                                               std::int64_t k) {
  double sum = 0.0;
  for (int l = 0; l < kBankLanes; ++l) sum += experts.weight[l] * bias[l * K + k];
  return sum;
}

inline bool all_finite(const double* values, std::int64_t n) {
  double probe = 0.0;
  for (std::int64_t i = 0; i < n; ++i) probe += 0.0 * values[i];
  return probe == 0.0;
}

template <class T>
bool plane_within(const T* plane, std::int64_t n, double limit) {
  Wide probe(0.0);
  for (std::int64_t i = 0; i < n; i += kLanes) {
    probe += where(absolute(load<Wide>(plane + i)) <= Wide(limit), Wide(0.0), Wide(1.0));
  }
  return sum_lanes(probe) == 0.0;
}

/// A lane whose weights are not finite (or pass `limit`) restarts from the average of the others. False when that does
/// not help: no lane is sound, or the accumulator has overflowed.
template <class T>
GRADSTREAM_NOINLINE bool mend_lanes(const BankRow<T>& row, const BankColumns& columns, const Experts& experts,
                                    double limit) {
  const std::int64_t K = columns.count();
  double weight[kBankLanes], total = 0.0;
  for (int l = 0; l < kBankLanes; ++l) {
    const bool sound = plane_within(row.plane[l], row.n, limit) && all_finite(columns.bias + l * K, K);
    total += weight[l] = sound ? experts.weight[l] : 0.0;
  }
  if (!(total > 0.0) || !plane_within(row.plane[kBankLanes], row.n, limit)) return false;
  const auto average = [&](auto&& value) {
    double sum = 0.0;
    for (int m = 0; m < kBankLanes; ++m)
      sum += weight[m] > 0.0 ? weight[m] / total * static_cast<double>(value(m)) : 0.0;
    return sum;
  };
  for (int l = 0; l < kBankLanes; ++l) {
    if (weight[l] > 0.0) continue;
    for (std::int64_t i = 0; i < row.n; ++i)
      row.plane[l][i] = static_cast<T>(average([&](int m) { return row.plane[m][i]; }));
    for (std::int64_t k = 0; k < K; ++k)
      columns.bias[l * K + k] = average([&](int m) { return columns.bias[m * K + k]; });
  }
  return all_finite(columns.bias, kBankPlanes * K);
}

/// The same, at once where nothing has overflowed.
template <class T>
GRADSTREAM_INLINE bool revive_lanes(const BankRow<T>& row, const BankColumns& columns, const Experts& experts,
                                    double limit) {
  Wide probe(0.0);
  for (int p = 0; p < kBankPlanes; ++p) {
    for (std::int64_t i = 0; i < row.n; i += kLanes) probe += Wide(0.0) * load<Wide>(row.plane[p] + i);
  }
  if (sum_lanes(probe) == 0.0 && all_finite(columns.bias, kBankPlanes * columns.count())) return true;
  return mend_lanes(row, columns, experts, limit);
}

/// Margins of all lanes; false when they are not finite though every lane is sound.
template <class T>
GRADSTREAM_INLINE bool sound_margins(const BankRow<T>& row, const BankColumns& columns, const Experts& experts) {
  lane_margins(row, columns);
  const std::int64_t n = columns.count() * kBankLanes;
  if (all_finite(columns.z, n)) return true;
  if (!revive_lanes(row, columns, experts, std::numeric_limits<double>::max())) return false;
  if (columns.count() == 1) sum_lanes_of(row, row.x, columns);
  lane_margins(row, columns);
  return all_finite(columns.z, n);
}

}  // namespace
}  // namespace gradstream::kernels
