// Least squares with l2 from sums of products: one Newton step from w = 0, which ends at the optimum.
#pragma once

#include <cstdint>

#include "solvers/vectors.hpp"

namespace gradstream::solvers {

/// Weighted sums of products of deviations from the means, as GramSums has them. Columns are measured in units of 1 /
/// scale; with an intercept they are centred on the way.
struct LeastSquares {
  std::int64_t features;  // d
  std::int64_t targets;   // m
  double weight;
  const double* mean;      // (d + m,)
  const double* products;  // (d, d)
  const double* cross;     // (d, m)
  const double* squares;   // (m,)
  const double* scale;     // (d,) or null
  const double* l2;        // (m,)
  bool fit_intercept;
};

/// For each target the minimum of (1 / (2 weight)) sum s (y - z)^2 + l2/2 |w|^2.
struct LeastSquaresFit {
  Vector coef;         // (d, m), in the scaled units
  Vector intercept;    // (m,), of rows in X's own units
  Vector objective;    // (m,)
  Vector optimality;   // (m,): gradient over that at w = 0
  double pivot = 1.0;  // the least of what factorising has left of an element of the diagonal; 0: singular to rounding
};

/// Constant columns beside an intercept get 0. With pivot = 0 nothing else is meant.
LeastSquaresFit least_squares(const LeastSquares& problem);

}  // namespace gradstream::solvers
