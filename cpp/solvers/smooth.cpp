#include "solvers/smooth.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "solvers/inverse_blocks.hpp"
#include "solvers/newton.hpp"
#include "solvers/sampled_start.hpp"

namespace gradstream::solvers {
namespace {

/// L-BFGS on its own, somewhat past the goal. It stays in the span of the gradients, so that of many solutions (more
/// columns than rows, no penalty) it finds the shortest. Where rounding stops it as well, the better point counts.
Code finish_without_newton(Oracle& oracle, Point& point, const GradientGoal& goal, Monitor& monitor) {
  constexpr double tight = 1e-11;
  Point newtons = point;
  const Code code = lbfgs(oracle, point, goal, monitor);
  if (code == Code::no_progress && norm(newtons.gradient) < norm(point.gradient)) point = std::move(newtons);
  if (code != Code::converged) return code;
  lbfgs(oracle, point, {goal.scale, std::min(tight, goal.tol)}, monitor);
  return monitor.interrupted() ? Code::interrupted : code;
}

}  // namespace

bool sampled_start_pays(const Oracle& oracle) {
  constexpr double few_gradients_left = 0.5;
  return !newton_affordable(oracle, few_gradients_left);
}

Code minimise_smooth(Oracle& oracle, Point& point, const GradientGoal& goal, Monitor& monitor, SampledStart* start) {
  constexpr double near = 3e-2;
  const bool cheap = start == nullptr && newton_affordable(oracle);
  const GradientGoal first{goal.scale, cheap ? std::max(near, goal.tol) : goal.tol};
  InverseHessian* inverse = start != nullptr ? start->inverse() : nullptr;
  constexpr int patience_with_start = 4;
  const int before_newton = iterations_before_newton(oracle, cheap);
  const int patience = inverse != nullptr ? patience_with_start * std::min(before_newton, 100) : before_newton;
  std::optional<InverseBlocks> blocks;
  if (inverse == nullptr && !cheap && InverseBlocks::pay(oracle)) inverse = &blocks.emplace(oracle);
  const Code code = lbfgs(oracle, point, first, monitor, patience, inverse);
  const bool tail = code == Code::ok || (code == Code::converged && cheap);
  if (!tail) return code;
  const Code finished = newton(oracle, point, goal, monitor);
  return finished == Code::no_progress ? finish_without_newton(oracle, point, goal, monitor) : finished;
}

}  // namespace gradstream::solvers
