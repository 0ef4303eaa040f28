#include "solvers/proximal_newton.hpp"

#include <algorithm>
#include <utility>

#include "solvers/optimality.hpp"
#include "solvers/quadratic_model.hpp"

namespace gradstream::solvers {
namespace {

/// Shortens the step until the penalised objective falls by a part of what the model promises; false when it does not.
bool descend(Oracle& oracle, const Point& from, const Vector& step, double l1, Point& to) {
  constexpr int halvings = 30;
  const auto coefficients = static_cast<std::size_t>(oracle.coefficients());
  double promised = dot(from.gradient, step);
  for (std::size_t j = 0; j < coefficients; ++j) promised += l1 * (std::abs(from.x[j] + step[j]) - std::abs(from.x[j]));
  const double before = from.value + l1 * l1_norm(oracle, from.x);
  double length = 1.0;
  for (int halving = 0; halving < halvings; ++halving, length *= 0.5) {
    to.x = from.x;
    axpy(length, step, to.x);
    to.evaluate(oracle);
    const double after = to.value + l1 * l1_norm(oracle, to.x);
    if (to.finite() && after <= before + 1e-4 * length * promised + 1e-15 * std::abs(before)) return true;
  }
  return false;
}

}  // namespace

Code proximal_newton(Oracle& oracle, Point& point, double l1, const GradientGoal& goal, Monitor& monitor) {
  constexpr int patience = 30;  // steps in which the proximal gradient must have halved
  QuadraticModel model(point.x.size(), static_cast<std::size_t>(oracle.coefficients()), l1);
  Point next;
  double now = proximal_gradient_norm(oracle, point, l1), mark = now;
  for (int since_mark = 0; !goal.met(now); ++since_mark) {
    if (monitor.exhausted()) return Code::max_iter;
    const Vector& step = model.minimise(oracle, point, std::min(0.01 * now, 0.1 * goal.tol * goal.scale));
    if (since_mark >= patience || !descend(oracle, point, step, l1, next)) return Code::no_progress;
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
