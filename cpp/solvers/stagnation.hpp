// When to give up.
#pragma once

#include <cmath>
#include <limits>

namespace gradstream::solvers {

/// Watches a fit that has not met its goal: no progress when in so many iterations neither the objective has fallen by
/// more than rounding nor the certificate has halved.
class Stagnation {
 public:
  explicit Stagnation(int patience) : patience_(patience) {}

  bool operator()(double objective, double certificate) {
    constexpr double rounding = 1e-14;
    const bool better = objective < objective_ - rounding * std::abs(objective_) || certificate < 0.5 * certificate_;
    if (!better) return ++since_ >= patience_;
    objective_ = std::fmin(objective, objective_);
    certificate_ = std::fmin(certificate, certificate_);
    since_ = 0;
    return false;
  }

 private:
  int patience_;
  int since_ = 0;
  double objective_ = std::numeric_limits<double>::max();
  double certificate_ = std::numeric_limits<double>::max();
};

}  // namespace gradstream::solvers
