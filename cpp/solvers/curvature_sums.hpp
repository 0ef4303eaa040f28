// Sums of outer products of rows: the Hessian of a sum of losses of linear margins.
#pragma once

#include <cstdint>

#include "core/aligned.hpp"
#include "solvers/standard_rows.hpp"

namespace gradstream::solvers {

/// Adds up curvature[k][l] x_j x_i over rows, tile by tile.
class CurvatureSums {
 public:
  /// p entries per row (features and the intercept's), K columns.
  CurvatureSums(std::size_t p, std::int64_t K);

  void clear();
  /// One more row: x (p), curvature (K, K) symmetric.
  void add(const Vector& x, const double* curvature);
  /// hessian (p K, p K), lower triangle: entry ((j, k), (i, l)) = factor times the sum.
  void write(double factor, double* hessian);

 private:
  static constexpr std::size_t kTile = 64;
  void flush();

  std::size_t p_, width_, columns_;  // width: p in whole packs, zeros behind it
  std::size_t filled_ = 0;
  AlignedVector<double> x_;         // (kTile, width)
  AlignedVector<double> weighted_;  // (kTile, width)
  Vector curvature_;                // (pairs k >= l, kTile)
  AlignedVector<double> sums_;      // (pairs k >= l, width, width), i <= j
};

/// Nanoseconds of one such sum over n rows, roughly.
double curvature_sums_ns(std::int64_t n, std::int64_t p, std::int64_t K);

}  // namespace gradstream::solvers
