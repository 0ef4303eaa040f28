// What a pass over rows does with margins where it multiplies by the Hessian, and how it keeps them.
#pragma once

#include "kernels/table.hpp"

namespace gradstream::kernels {
namespace {

/// z (count, K) of a tile to its place among all rows; nothing without one.
inline void keep_margins(RowSet set, std::int64_t first, std::int64_t count, std::int64_t K, const double* z,
                         double* margins) {
  if (margins == nullptr) return;
  for (std::int64_t i = 0; i < count; ++i) {
    double* to = margins + set[first + i] * K;
    for (std::int64_t k = 0; k < K; ++k) to[k] = z[i * K + k];
  }
}

/// d2loss/dz_k^2 of a row.
inline double own_curvature(const RowCurvatures& curvatures, std::int64_t row, std::int64_t K, std::int64_t k) {
  if (curvatures.values == nullptr) return curvatures.weight != nullptr ? curvatures.weight[row] : 1.0;
  const double c = curvatures.values[row * K + k];
  if (!curvatures.softmax) return c;
  return (curvatures.weight != nullptr ? curvatures.weight[row] : 1.0) * c * (1.0 - c);
}

/// u_k becomes sum_l d2loss/dz_k dz_l u_l, row by row; of a softmax s p_k (u_k - p . u).
inline void apply_curvatures(const RowCurvatures& curvatures, RowSet set, std::int64_t first, std::int64_t count,
                             std::int64_t K, double* u) {
  if (curvatures.values == nullptr) {
    if (curvatures.weight == nullptr) return;
    for (std::int64_t i = 0; i < count; ++i) {
      for (std::int64_t k = 0; k < K; ++k) u[i * K + k] *= curvatures.weight[set[first + i]];
    }
    return;
  }
  for (std::int64_t i = 0; i < count; ++i, u += K) {
    const std::int64_t row = set[first + i];
    const double* c = curvatures.values + row * K;
    double mean = 0.0, s = 1.0;
    if (curvatures.softmax) {
      for (std::int64_t k = 0; k < K; ++k) mean += c[k] * u[k];
      if (curvatures.weight != nullptr) s = curvatures.weight[row];
    }
    for (std::int64_t k = 0; k < K; ++k) u[k] = s * c[k] * (u[k] - mean);
  }
}

}  // namespace
}  // namespace gradstream::kernels
