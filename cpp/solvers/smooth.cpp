#include "solvers/smooth.hpp"

#include <algorithm>

#include "solvers/newton.hpp"

namespace gradstream::solvers {
namespace {

/// L-BFGS on its own, somewhat past the goal. It stays in the span of the gradients, so that of many solutions (more columns than
/// rows, no penalty) it finds the shortest.
Code finish_without_newton(Oracle& oracle, Point& point, const GradientGoal& goal, Monitor& monitor) {
  constexpr double tight = 1e-11;
  const Code code = lbfgs(oracle, point, goal, monitor);
  if (code != Code::converged) return code;
  lbfgs(oracle, point, {goal.scale, std::min(tight, goal.tol)}, monitor);
  return monitor.interrupted() ? Code::interrupted : code;
}

}  // namespace

Code minimise_smooth(Oracle& oracle, Point& point, const GradientGoal& goal, Monitor& monitor) {
  constexpr double near = 1e-1, few = 20.0, most = 1e6;
  const bool cheap = newton_affordable(oracle);
  const double iteration = oracle.gradient_cost() + 40.0 * static_cast<double>(oracle.size());
  const double patience = cheap ? few : std::min(most, newton_cost(oracle) / iteration);
  const GradientGoal first{goal.scale, cheap ? std::max(near, goal.tol) : goal.tol};
  const Code code = lbfgs(oracle, point, first, monitor, static_cast<int>(patience));
  const bool tail = code == Code::ok || (code == Code::converged && cheap);
  if (!tail) return code;
  const Code finished = newton(oracle, point, goal, monitor);
  return finished == Code::no_progress ? finish_without_newton(oracle, point, goal, monitor) : finished;
}

}  // namespace gradstream::solvers
