#include "solvers/newton.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "solvers/inverse_curvature.hpp"
#include "solvers/line_search.hpp"

namespace gradstream::solvers {
double newton_cost(const Oracle& oracle) {
  const auto size = static_cast<double>(oracle.size());
  return oracle.curvature_cost() + 0.1 * size * size * size;
}

bool newton_affordable(const Oracle& oracle, double gradients) {
  constexpr double millisecond = 1e6;
  const double cost = newton_cost(oracle);
  return cost <= millisecond || cost <= gradients * oracle.gradient_cost();
}

int iterations_before_newton(const Oracle& oracle, bool cheap) {
  constexpr double few = 20.0, many = 100.0, dear = 1e8;
  const double cost = newton_cost(oracle);
  if (cost > dear) return std::numeric_limits<int>::max();
  const double iteration = oracle.gradient_cost() + 15.0 * static_cast<double>(oracle.size());
  return static_cast<int>(cheap ? few : std::min(many, cost / iteration));
}

Code newton(Oracle& oracle, Point& point, const GradientGoal& goal, Monitor& monitor) {
  constexpr double floor = 1e-13;  // of the gradient's scale: nothing below but rounding
  constexpr int patience = 50,
                at_goal = 3;  // steps in which the gradient must have halved: kinks are passed few at a time
  InverseCurvature inverse(point.x.size());
  Vector direction;
  Point next, best = point;
  double now = norm(point.gradient), least = now, mark = now;
  for (int since_mark = 0; now > floor * goal.scale; ++since_mark) {
    const bool met = goal.met(least);
    if (monitor.exhausted() && !met) return Code::max_iter;
    if (monitor.exhausted() || since_mark >= (met ? at_goal : patience)) break;
    inverse.measure(oracle, point.x);
    inverse.descend(point.gradient, direction);
    if (!line_search(oracle, point, direction, 1.0, next)) break;
    std::swap(point, next);
    now = norm(point.gradient);
    if (now < least) {
      least = now;
      best = point;
    }
    if (now <= 0.5 * mark) {
      mark = now;
      since_mark = -1;
    }
    if (!monitor.record(point.value, now / goal.scale)) return Code::interrupted;
  }
  point = std::move(best);
  return goal.met(least) ? Code::converged : Code::no_progress;
}

}  // namespace gradstream::solvers
