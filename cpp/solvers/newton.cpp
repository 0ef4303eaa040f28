#include "solvers/newton.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "solvers/line_search.hpp"
#include "solvers/small_dense.hpp"

namespace gradstream::solvers {
namespace {

class NewtonStep {
 public:
  explicit NewtonStep(std::size_t size) : direction_(size), hessian_(size * size), diagonal_(size) {}

  /// -H^-1 gradient. A singular H is given a ridge: large enough that rounding does not move what the data leave open.
  const Vector& direction(Oracle& oracle, const Point& point) {
    const std::size_t size = direction_.size();
    if (!factorised(oracle, point, 0.0)) {
      double trace = 0.0;
      for (const double entry : diagonal_) trace += entry;
      factorised(oracle, point, 1e-6 * trace / static_cast<double>(size));
    }
    for (std::size_t j = 0; j < size; ++j) direction_[j] = -point.gradient[j];
    solve(size, hessian_, direction_);
    return direction_;
  }

 private:
  bool factorised(Oracle& oracle, const Point& point, double ridge) {
    const std::size_t size = direction_.size();
    oracle.curvature(point.x.data(), hessian_.data());
    for (std::size_t j = 0; j < size; ++j) {
      diagonal_[j] = hessian_[j * size + j];
      hessian_[j * size + j] += ridge;
    }
    return factorise(size, hessian_);
  }

  Vector direction_, hessian_, diagonal_;
};

}  // namespace

double newton_cost(const Oracle& oracle) {
  const auto size = static_cast<double>(oracle.size());
  return oracle.curvature_cost() + 0.1 * size * size * size;
}

bool newton_affordable(const Oracle& oracle) {
  constexpr double millisecond = 1e6;
  constexpr double gradients = 4.0;
  const double cost = newton_cost(oracle);
  return cost <= millisecond || cost <= gradients * oracle.gradient_cost();
}

int iterations_before_newton(const Oracle& oracle) {
  constexpr double few = 20.0, many = 100.0, dear = 1e8;
  const double cost = newton_cost(oracle);
  if (cost > dear) return std::numeric_limits<int>::max();
  const double iteration = oracle.gradient_cost() + 15.0 * static_cast<double>(oracle.size());
  return static_cast<int>(newton_affordable(oracle) ? few : std::min(many, cost / iteration));
}

Code newton(Oracle& oracle, Point& point, const GradientGoal& goal, Monitor& monitor) {
  constexpr double floor = 1e-13;  // of the gradient's scale: nothing below but rounding
  constexpr int patience = 50,
                at_goal = 3;  // steps in which the gradient must have halved: kinks are passed few at a time
  NewtonStep step(point.x.size());
  Point next, best = point;
  double now = norm(point.gradient), least = now, mark = now;
  for (int since_mark = 0; now > floor * goal.scale; ++since_mark) {
    const bool met = goal.met(least);
    if (monitor.exhausted() && !met) return Code::max_iter;
    if (monitor.exhausted() || since_mark >= (met ? at_goal : patience)) break;
    if (!line_search(oracle, point, step.direction(oracle, point), 1.0, next)) break;
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
  if (!goal.met(least)) return Code::no_progress;
  point = std::move(best);
  return Code::converged;
}

}  // namespace gradstream::solvers
