#include "solvers/smooth.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "solvers/line_search.hpp"
#include "solvers/newton.hpp"

namespace gradstream::solvers {
namespace {

/// L-BFGS on its own, somewhat past the goal. It stays in the span of the gradients, so that of many solutions (more
/// columns than rows, no penalty) it finds the shortest.
Code finish_without_newton(Oracle& oracle, Point& point, const GradientGoal& goal, Monitor& monitor) {
  constexpr double tight = 1e-11;
  const Code code = lbfgs(oracle, point, goal, monitor);
  if (code != Code::converged) return code;
  lbfgs(oracle, point, {goal.scale, std::min(tight, goal.tol)}, monitor);
  return monitor.interrupted() ? Code::interrupted : code;
}

/// Newton's method on the sample, roughly. `point` moves to where it ends if that is better (it is not after a warm
/// start, or when the sample misses a rare class); `inverse` is the sample's there. A few rows tell the optimum to
/// about sqrt(parameters / rows) of the way: more digits would be lost.
bool approach(Oracle& oracle, Oracle& sample, Point& point, InverseCurvature& inverse) {
  constexpr int most_steps = 20;
  constexpr double rough = 1e-2;
  Point at{point.x, 0.0, {}}, next;
  at.evaluate(sample);
  if (!at.finite()) return false;
  const double start = norm(at.gradient);
  Vector direction;
  bool measured = inverse.measure(sample, at.x);
  for (int steps = 0; measured && steps < most_steps && norm(at.gradient) > rough * start; ++steps) {
    inverse.descend(at.gradient, direction);
    if (!line_search(sample, at, direction, 1.0, next)) break;
    std::swap(at, next);
    measured = inverse.measure(sample, at.x);
  }
  at.evaluate(oracle);
  if (!at.finite() || !(at.value < point.value)) return inverse.measure(sample, point.x);
  point = std::move(at);
  return measured;
}

}  // namespace

Code minimise_smooth(Oracle& oracle, Point& point, const GradientGoal& goal, Monitor& monitor, Oracle* sample) {
  constexpr double near = 3e-2;
  // with a good start few gradients are left to make: a Newton step would have to cost less than one
  const bool cheap = newton_affordable(oracle, sample != nullptr ? 0.5 : kGradientsForNewton);
  const GradientGoal first{goal.scale, cheap ? std::max(near, goal.tol) : goal.tol};
  std::optional<InverseCurvature> start;
  if (sample != nullptr && !cheap) {
    start.emplace(point.x.size());
    if (!approach(oracle, *sample, point, *start)) start.reset();
  }
  const Code code =
      lbfgs(oracle, point, first, monitor, iterations_before_newton(oracle, cheap), start ? &*start : nullptr);
  const bool tail = code == Code::ok || (code == Code::converged && cheap);
  if (!tail) return code;
  const Code finished = newton(oracle, point, goal, monitor);
  return finished == Code::no_progress ? finish_without_newton(oracle, point, goal, monitor) : finished;
}

}  // namespace gradstream::solvers
