#include "solvers/smooth.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "solvers/inverse_blocks.hpp"
#include "solvers/inverse_curvature.hpp"
#include "solvers/line_search.hpp"
#include "solvers/newton.hpp"

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

/// Newton's method on a sample, roughly, from and to `x`; `inverse` is its curvature there. A few rows tell the optimum
/// to about sqrt(parameters / rows) of the way: more digits would be lost.
bool approach(Oracle& sample, Vector& x, InverseCurvature& inverse) {
  constexpr int most_steps = 20;
  constexpr double rough = 1e-2;
  Point at{x, 0.0, {}}, next;
  at.evaluate(sample);
  const double start = norm(at.gradient);
  Vector direction;
  bool measured = at.finite() && inverse.measure(sample, at.x);
  for (int steps = 0; measured && steps < most_steps && norm(at.gradient) > rough * start; ++steps) {
    inverse.descend(at.gradient, direction);
    if (!line_search(sample, at, direction, 1.0, next)) break;
    std::swap(at, next);
    measured = inverse.measure(sample, at.x);
  }
  x = std::move(at.x);
  return measured;
}

/// From one sample's optimum to the next one's. `point` moves to the last if that is better (it is not after a warm
/// start, or when samples miss a rare class).
bool approach(Oracle& oracle, const std::vector<Oracle*>& samples, Point& point, InverseCurvature& inverse) {
  Point at{point.x, 0.0, {}};
  bool measured = true;
  for (Oracle* const sample : samples) measured = measured && approach(*sample, at.x, inverse);
  at.evaluate(oracle);
  if (!at.finite() || !(at.value < point.value)) return inverse.measure(*samples.back(), point.x);
  point = std::move(at);
  return measured;
}

}  // namespace

Code minimise_smooth(Oracle& oracle, Point& point, const GradientGoal& goal, Monitor& monitor,
                     const std::vector<Oracle*>& samples) {
  constexpr double near = 3e-2;
  // with a good start few gradients are left to make: a Newton step would have to cost less than one
  const bool cheap = newton_affordable(oracle, !samples.empty() ? 0.5 : kGradientsForNewton);
  const GradientGoal first{goal.scale, cheap ? std::max(near, goal.tol) : goal.tol};
  std::optional<InverseCurvature> start;
  if (!samples.empty() && !cheap) {
    start.emplace(point.x.size());
    if (!approach(oracle, samples, point, *start)) start.reset();
  }
  constexpr int patience_with_start = 4;
  const int before_newton = iterations_before_newton(oracle, cheap);
  const int patience = start ? patience_with_start * std::min(before_newton, 100) : before_newton;
  std::optional<InverseBlocks> blocks;
  if (!start && !cheap && InverseBlocks::pay(oracle)) blocks.emplace(oracle);
  InverseHessian* const inverse = start ? static_cast<InverseHessian*>(&*start) : blocks ? &*blocks : nullptr;
  const Code code = lbfgs(oracle, point, first, monitor, patience, inverse);
  const bool tail = code == Code::ok || (code == Code::converged && cheap);
  if (!tail) return code;
  const Code finished = newton(oracle, point, goal, monitor);
  return finished == Code::no_progress ? finish_without_newton(oracle, point, goal, monitor) : finished;
}

}  // namespace gradstream::solvers
