// What a pair of primal and dual variables proves.
#pragma once

#include "solvers/hinge_problem.hpp"

namespace gradstream::solvers {

/// Bounds from both sides: `dual` is at shares made feasible, so dual <= optimum <= primal whatever w and the shares
/// are.
class HingeCertificate {
 public:
  explicit HingeCertificate(const HingeProblem& problem);

  /// sums = sum_i alpha_i y_i (x_i - center), in the units of X.
  const Vector& sums_of(const Vector& share);
  /// Dual objective at the shares of the last sums_of, the heavier sign scaled down until sum_i alpha_i y_i = 0.
  double dual() const;
  /// Primal objective at w (standardised) with its best intercept, which is left in b (b as it is without an
  /// intercept).
  double primal(const Vector& w, double& b);

 private:
  double largest(double plus, double minus) const;

  const HingeProblem& problem_;
  Vector plus_, minus_, sums_;  // over rows of either sign, and both
  double plus_total_ = 0.0, minus_total_ = 0.0;
  Vector coef_, margins_, workspace_;
};

}  // namespace gradstream::solvers
