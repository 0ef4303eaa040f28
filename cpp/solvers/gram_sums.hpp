// Means of rows and targets and the products of their deviations, in one read of X: least squares needs no more.
#pragma once

#include <cstdint>

#include "solvers/vectors.hpp"
#include "views/rows.hpp"

namespace gradstream::solvers {

struct GramRows {
  const AnyView& view;
  const double* y;  // (n, m)
  std::int64_t targets;
  const double* weight;  // (n,) or null
};

/// Weighted sums over rows of products of deviations from the weighted means.
struct GramSums {
  double weight = 0.0;
  Vector mean;      // (d + m,): of columns, then of targets
  Vector products;  // (d, d)
  Vector cross;     // (d, m)
  Vector squares;   // (m,)
  bool finite = true;
};

/// About a shift near the means, so that large means cost no digits; what is left of it is taken out at the end. Same
/// bits for any n_threads.
GramSums gram_sums(const GramRows& rows, int n_threads);

/// What the price of the sums depends on.
struct GramShape {
  std::int64_t rows;
  std::int64_t columns;
  std::int64_t targets;
  std::int64_t stored;  // values
};

/// Nanoseconds of these sums by one thread, roughly.
double gram_sums_ns(const GramShape& shape);

}  // namespace gradstream::solvers
