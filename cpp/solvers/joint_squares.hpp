// Least squares with l2 of many columns: conjugate gradients, all targets in every read of X.
#pragma once

#include <cstdint>
#include <vector>

#include "core/status.hpp"
#include "solvers/gram_sums.hpp"
#include "solvers/monitor.hpp"
#include "solvers/vectors.hpp"

namespace gradstream::solvers {

struct JointSquares {
  GramRows rows;
  const double* scale;  // (d,) or null: columns are measured in units of 1 / scale
  const double* l2;     // (m,)
  bool fit_intercept;
};

struct JointOptions {
  double tol;  // of the gradient, over that at w = 0
  int n_threads;
};

/// For each target the minimum of (1 / (2 weight)) sum s (y - z)^2 + l2/2 |w|^2.
struct JointFit {
  Vector coef;                         // (d, m), in the scaled units
  Vector intercept;                    // (m,), of rows in X's own units
  Vector objective;                    // (m,)
  Vector optimality;                   // (m,)
  std::vector<std::int64_t> products;  // (m,): reads of X that a target wanted
  Code status = Code::converged;       // max_iter, no_progress, interrupted, non_finite
};

/// Some weight must be positive. Same bits for any n_threads. Constant columns beside an intercept get 0.
JointFit joint_squares(const JointSquares& problem, const JointOptions& options, Monitor& monitor);

}  // namespace gradstream::solvers
