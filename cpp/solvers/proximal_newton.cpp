#include "solvers/proximal_newton.hpp"

#include <algorithm>
#include <utility>

#include "solvers/optimality.hpp"
#include "solvers/quadratic_model.hpp"

namespace gradstream::solvers {
namespace {

/// Shortens the step, a little, until the penalised objective falls by a part of what the model promises; false when it
/// does not.
bool descend(Oracle& oracle, const Point& from, const Vector& step, double l1, Point& to) {
  const auto coefficients = static_cast<std::size_t>(oracle.coefficients());
  double promised = dot(from.gradient, step);
  for (std::size_t j = 0; j < coefficients; ++j) promised += l1 * (std::abs(from.x[j] + step[j]) - std::abs(from.x[j]));
  const double before = from.value + l1 * l1_norm(oracle, from.x);
  for (const double length : {1.0, 0.5, 0.25}) {
    to.x = from.x;
    axpy(length, step, to.x);
    to.evaluate(oracle);
    const double after = to.value + l1 * l1_norm(oracle, to.x);
    if (to.finite() && after <= before + 1e-4 * length * promised + 1e-15 * std::abs(before)) return true;
  }
  return false;
}

/// Steps of the damped model: more damping (as Levenberg and Marquardt) where curvature is missing and a step would go
/// too far.
class DampedStep {
 public:
  DampedStep(const Oracle& oracle, const Point& point, double l1)
      : model_(point.x.size(), static_cast<std::size_t>(oracle.coefficients()), l1), l1_(l1) {}

  bool operator()(Oracle& oracle, const Point& from, double exactness, Point& to) {
    model_.load_curvature(oracle, from);
    for (bool first = true; damping_ <= kMost; first = false, damping_ *= kMore) {
      if (!descend(oracle, from, model_.minimise(from, damping_, exactness), l1_, to)) continue;
      if (first) damping_ = std::max(kLeast, damping_ / kMore);
      return true;
    }
    return false;
  }

 private:
  static constexpr double kLeast = 1e-10, kMore = 30.0, kMost = 1e6;
  QuadraticModel model_;
  double l1_;
  double damping_ = kLeast;
};

}  // namespace

Code proximal_newton(Oracle& oracle, Point& point, double l1, const GradientGoal& goal, Monitor& monitor) {
  constexpr int patience = 50;  // steps in which the proximal gradient must have halved
  DampedStep step(oracle, point, l1);
  Point next;
  double now = proximal_gradient_norm(oracle, point, l1), mark = now;
  for (int since_mark = 0; !goal.met(now); ++since_mark) {
    if (monitor.exhausted()) return Code::max_iter;
    const double exactness = std::min(0.01 * now, 0.1 * goal.tol * goal.scale);
    if (since_mark >= patience || !step(oracle, point, exactness, next)) return Code::no_progress;
    std::swap(point, next);
    now = proximal_gradient_norm(oracle, point, l1);
    if (!monitor.record(point.value + l1 * l1_norm(oracle, point.x), now / goal.scale)) return Code::interrupted;
    if (now <= 0.5 * mark) {
      mark = now;
      since_mark = -1;
    }
  }
  return Code::converged;
}

}  // namespace gradstream::solvers
