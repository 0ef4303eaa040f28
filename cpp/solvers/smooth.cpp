#include "solvers/smooth.hpp"

#include <algorithm>

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

}  // namespace

Code minimise_smooth(Oracle& oracle, Point& point, const GradientGoal& goal, Monitor& monitor) {
  constexpr double near = 3e-2;
  const bool cheap = newton_affordable(oracle);
  const GradientGoal first{goal.scale, cheap ? std::max(near, goal.tol) : goal.tol};
  const Code code = lbfgs(oracle, point, first, monitor, iterations_before_newton(oracle));
  const bool tail = code == Code::ok || (code == Code::converged && cheap);
  if (!tail) return code;
  const Code finished = newton(oracle, point, goal, monitor);
  return finished == Code::no_progress ? finish_without_newton(oracle, point, goal, monitor) : finished;
}

}  // namespace gradstream::solvers
