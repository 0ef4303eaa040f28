// One column of a hinge fit: two ways to improve it, and what has been reached.
#pragma once

#include <cstdint>

#include "solvers/hinge_certificate.hpp"
#include "solvers/monitor.hpp"

namespace gradstream::solvers {

/// What a Newton step of HingeColumn::sharpen costs.
struct SharpenCost {
  double epochs;    // of HingeColumn::ascend
  bool cheap;       // next to nothing
  bool affordable;  // a tenth of a second
};

class HingeColumn {
 public:
  /// Starts at coefficients (standardised) and intercept.
  HingeColumn(HingeProblem problem, Vector w, double b);
  HingeColumn(const HingeColumn&) = delete;
  HingeColumn& operator=(const HingeColumn&) = delete;

  /// One visit of every dual coordinate in the seeded order of `epoch`; needs l2. The intercept is the multiplier of
  /// sum_i alpha_i y_i = 0 in an augmented Lagrangian whose penalty weighs as much as an average row.
  void ascend(std::uint64_t seed, int epoch);
  /// One round of the augmented Lagrangian method on all rows together (HingeEnvelope), sharper each time: exact, and
  /// dear.
  void sharpen();
  SharpenCost sharpen_cost() const;

  double primal() const { return primal_; }
  double gap() const { return primal_ - dual_; }
  const Vector& w() const { return w_; }
  double b() const { return b_; }

 private:
  void minimise_envelope(Oracle& envelope, Point& point) const;
  void certify(const Vector& w);

  HingeProblem problem_;
  HingeCertificate certificate_;
  Vector share_;
  Vector sums_, coef_;  // sum_i alpha_i y_i (x_i - center), and coefficients in the units of X
  double multiplier_ = 0.0;
  double balance_ = 0.0;  // sum_i alpha_i y_i
  double bias_square_;    // what an intercept adds to |x~_i|^2 / l2
  double gradient_scale_;
  double sharpness_ = 1.0;
  Vector w_;
  double b_;
  double primal_, dual_;
};

}  // namespace gradstream::solvers
