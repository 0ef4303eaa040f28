// The hinge loss on one column of signs, primal and dual.
#pragma once

#include "core/spec.hpp"
#include "solvers/standard_rows.hpp"

namespace gradstream::solvers {

/// Primal: sum_i cap_i max(0, 1 - y_i (w.x~_i + b)) + l2/2 |w|^2 + l1 |w|_1, cap_i = s_i / S.
/// Dual: sum_i alpha_i - |soft(v, l1)|^2 / (2 l2), v = sum_i alpha_i y_i x~_i, 0 <= alpha_i <= cap_i, and sum_i alpha_i
/// y_i = 0 with an intercept. alpha_i = share_i cap_i: equal rows have equal shares, however they are split into rows
/// and weights.
struct HingeProblem {
  const RowAccess& rows;
  Standardization standardization;
  PenaltySpec penalty;
  bool fit_intercept;
  Vector y;              // -1/+1
  const Vector& cap;     // the same for all columns
  const Vector& square;  // |x~_i|^2

  std::size_t size() const { return y.size(); }
  std::size_t features() const { return static_cast<std::size_t>(rows.columns()); }
};

}  // namespace gradstream::solvers
