// Sums of outer products of rows: the Hessian of a sum of losses of linear margins.
#pragma once

#include <cstdint>
#include <vector>

#include "core/aligned.hpp"
#include "solvers/standard_rows.hpp"

namespace gradstream::solvers {

/// Which blocks (k, l) of the curvature are added up.
enum class ColumnPairs {
  all,    // k >= l
  alike,  // k = l
};

/// Adds up curvature[k][l] x_j x_i over rows, tile by tile.
class CurvatureSums {
 public:
  /// p entries per row (features and the intercept's), K columns.
  CurvatureSums(std::size_t p, std::int64_t K, ColumnPairs pairs);

  void clear();
  /// One more row: x (p), curvature (K, K) symmetric.
  void add(const Vector& x, const double* curvature);
  /// Those of other rows, added to these; both flushed.
  void add(const CurvatureSums& other);
  /// Rows that have been added are in the sums from here on.
  void flush();
  /// The lower triangle of one column's sums, (width, width), the width in whole packs: what kernels add to.
  double* products() { return sums_.data(); }
  /// Of one column's rows (x, 1): columns times `scale` (null: 1), the intercept's times `intercept`.
  void standardise(const double* scale, double intercept);
  std::int64_t doubles() const { return static_cast<std::int64_t>(sums_.size()); }
  /// Of all pairs: hessian (p K, p K), lower triangle: entry ((j, k), (i, l)) = factor times the sum.
  void write(double factor, double* hessian);
  /// Of alike columns: blocks (K, p, p), lower triangles.
  void write_blocks(double factor, double* blocks);

 private:
  static constexpr std::size_t kTile = 64;

  std::size_t p_, width_, columns_;  // width: p in whole packs, zeros behind it
  std::vector<std::size_t> pairs_;   // k K + l of every block
  std::size_t filled_ = 0;
  AlignedVector<double> x_;         // (kTile, width)
  AlignedVector<double> weighted_;  // (kTile, width)
  Vector curvature_;                // (pairs, kTile)
  AlignedVector<double> sums_;      // (pairs, width, width), i <= j
};

/// Nanoseconds of one such sum over n rows, roughly.
double curvature_sums_ns(std::int64_t n, std::int64_t p, std::int64_t K, ColumnPairs pairs);

}  // namespace gradstream::solvers
