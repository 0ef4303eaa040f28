// The running standardiser of one column of CSR rows, whose zeros are merged in when it is met.
#pragma once

#include "kernels/dense_row-inl.hpp"

namespace gradstream::kernels {
namespace {

/// Moments of a column at some weight, the zeros of rows that lacked it merged in.
struct ColumnMoments {
  double mean;
  double m2;
};

/// Not inlined, as the two below: one rounding for every layout, for learning and reporting alike.
inline GRADSTREAM_NOINLINE ColumnMoments settled_moments(const Standardizer& standardizer, std::int64_t j,
                                                         double weight) {
  const double seen = standardizer.seen[j];
  const double mean = standardizer.mean[j];
  if (!(weight > seen)) return {mean, standardizer.m2[j]};
  return {mean * (seen / weight), standardizer.m2[j] + mean * mean * seen * ((weight - seen) / weight)};
}

inline GRADSTREAM_NOINLINE double column_scale(const Standardizer& standardizer, std::int64_t j, double weight) {
  const ColumnMoments now = settled_moments(standardizer, j, weight);
  return inverse_deviation_of(One(now.mean), One(now.m2), One(weight > 0.0 ? 1.0 / weight : 0.0)).v;
}

/// Welford's update of one column; false when its moments are no longer finite.
inline GRADSTREAM_NOINLINE bool add_to_column(const Standardizer& standardizer, std::int64_t j, double x, double s,
                                              double weight_before) {
  const ColumnMoments now = settled_moments(standardizer, j, weight_before);
  const double weight = weight_before + s;
  const double deviation = x - now.mean;
  const double mean = now.mean + deviation * (s / weight);
  standardizer.mean[j] = mean;
  standardizer.m2[j] = now.m2 + s * deviation * (x - mean);
  standardizer.seen[j] = weight;
  return std::isfinite(standardizer.m2[j]);
}

}  // namespace
}  // namespace gradstream::kernels
