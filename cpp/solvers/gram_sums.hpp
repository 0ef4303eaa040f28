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

/// Nanoseconds of these sums over n rows by one thread, roughly.
double gram_sums_ns(std::int64_t n, std::int64_t d, std::int64_t targets);

}  // namespace gradstream::solvers
