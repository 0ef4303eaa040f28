// The dual of the log loss, one row at a time.
#pragma once

#include "core/spec.hpp"
#include "solvers/monitor.hpp"
#include "solvers/standard_rows.hpp"

namespace gradstream::solvers {

/// Coordinate ascent for one column of log loss with an l2 penalty. a_i in (0, 1) is what 1 / (1 + exp(y_i z_i)) will
/// be at the optimum, where w = sum_i cap_i a_i y_i x~_i / l2 with cap_i = s_i / S. The intercept is the multiplier of
/// sum_i cap_i a_i y_i = 0 in an augmented Lagrangian, so that it stays unpenalised. An epoch visits every row once, in
/// runs of neighbours, which memory likes, the runs in a seeded order. Steps are exact: there is no rate.
///
/// References: Yu, Huang and Lin (2011), Machine Learning 85; Shalev-Shwartz and Zhang (2013), JMLR 14.
class LogisticAscent {
 public:
  LogisticAscent(const RowAccess& rows, const kernels::Targets& targets, const PenaltySpec& penalty,
                 const Standardization& standardization);

  /// From w = 0, a = 0; without an intercept it stays 0.
  void start_at(double intercept, bool fit_intercept);
  /// Epochs until the norm of the gradient is about `enough`, or they no longer pay: false.
  bool run(double enough, std::uint64_t seed, Monitor& monitor);
  /// (d + 1): coefficients in standardised coordinates, intercept.
  void parameters(Vector& x) const;

 private:
  /// One visit of every row.
  void epoch(std::uint64_t seed, int number, Monitor& monitor);
  void visit(std::int64_t row);
  void move(std::int64_t row, double change);

  const RowAccess& rows_;
  const double* y_;
  double l2_;
  Standardization standardization_;
  Vector cap_, square_, share_;  // s_i / S, |x~_i|^2, a_i
  Vector sums_, coef_;           // sum_i cap_i a_i y_i (x_i - center), with a scale; coefficients in the units of X
  double multiplier_ = 0.0, balance_ = 0.0, stiffness_ = 0.0;
  // About the gradient of F while the epoch ran, before the steps: the square of its norm in the coefficients (as if
  // rows were orthogonal), and its part in the intercept.
  double distance_ = 0.0, slope_ = 0.0;
  int epochs_ = 0;
};

}  // namespace gradstream::solvers
