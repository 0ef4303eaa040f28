// The hinge loss smoothed around given multipliers: one round of the augmented Lagrangian method.
#pragma once

#include "solvers/hinge_problem.hpp"
#include "solvers/oracle.hpp"

namespace gradstream::solvers {

/// With u_i = 1 - y_i z_i and t_i = share_i + sharpness u_i: sum_i cap_i (h(t_i) - share_i^2) / (2 sharpness) + l2/2
/// |w|^2, where h(t) is 0, t^2 or 2 t - 1 for t below, in or above [0, 1]. At its minimum clip(t, 0, 1) are dual
/// feasible shares, intercept included; repeated from there with ever sharper envelopes, shares and w converge to the
/// optimum of the hinge loss itself.
///
/// References: Rockafellar (1976), Mathematics of Operations Research 1; Li, Sun, Toh (2018), SIAM J. Optimization 28.
class HingeEnvelope final : public Oracle {
 public:
  HingeEnvelope(const HingeProblem& problem, const Vector& share, double sharpness);

  std::int64_t coefficients() const override { return problem_.rows.columns(); }
  std::int64_t intercepts() const override { return 1; }
  bool fit_intercept() const override { return problem_.fit_intercept; }
  double value_gradient(const double* parameters, double* gradient) override;
  double gradient_cost() const override;
  double curvature_cost() const override;
  void curvature(const double* parameters, double* hessian) override;

  /// clip(t, 0, 1) at the parameters.
  Vector shares_at(const double* parameters);

 private:
  void update_positions(const double* parameters);

  const HingeProblem& problem_;
  const Vector& share_;
  double sharpness_;
  Vector coef_, t_, x_, workspace_;
};

}  // namespace gradstream::solvers
