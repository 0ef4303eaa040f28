#include "solvers/large_smooth.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "losses/list.hpp"
#include "solvers/logistic_ascent.hpp"

namespace gradstream::solvers {
namespace {

/// Of the gradient at w = 0: where Newton's method takes over. A tenth to a thousandth cost the same on text at C = 1;
/// at C = 100 a hundredth and below save a third.
constexpr double kNear = 1e-2;
constexpr std::uint64_t kSeed = 0;  // of the epochs before Newton's method: a fit without a seed is always the same

/// Moves `point` to where the ascent is, if that is better. False: the caller wants no other iteration.
bool take(const LogisticAscent& ascent, Oracle& oracle, Point& point, const GradientGoal& goal, Monitor& monitor) {
  Point at;
  ascent.parameters(at.x);
  at.evaluate(oracle);
  if (at.finite() && at.value < point.value) point = std::move(at);
  return monitor.record(point.value, norm(point.gradient) / goal.scale);
}

/// An iteration is as many epochs as it takes until the goal is likely to be met, and a look at whether it is. ok:
/// epochs no longer pay.
Code ascend(LogisticAscent& ascent, std::uint64_t seed, Oracle& oracle, Point& point, const GradientGoal& goal,
            Monitor& monitor) {
  while (!goal.met(norm(point.gradient))) {
    if (monitor.exhausted()) return Code::max_iter;
    const bool pays = ascent.run(goal.tol * goal.scale, seed, monitor);
    if (!take(ascent, oracle, point, goal, monitor)) return Code::interrupted;
    if (!pays) return goal.met(norm(point.gradient)) ? Code::converged : Code::ok;
  }
  return Code::converged;
}

Code newton(Oracle& oracle, Point& point, const GradientGoal& goal, Monitor& monitor) {
  const Code code = newton_cg(oracle, point, goal, monitor);
  return code == Code::no_progress ? lbfgs(oracle, point, goal, monitor) : code;
}

}  // namespace

bool has_logistic_dual(const Spec& spec) {
  return spec.loss.loss == losses::position_of<losses::LogLoss>() && spec.loss.kind == ColumnsKind::single &&
         spec.penalty.l2 > 0.0 && spec.penalty.l1 == 0.0;
}

BatchSolver by_shape(const RowAccess& rows, const Spec& spec, const Oracle& oracle) {
  const bool matrix = std::isfinite(oracle.curvature_cost());
  return rows.sparse() && !matrix && spec.penalty.l2 > 0.0 ? BatchSolver::newton : BatchSolver::lbfgs;
}

Code minimise_large(const LargeProblem& problem, const BatchOptions& options, MemoryOracle& oracle, Point& point,
                    const GradientGoal& goal, Monitor& monitor) {
  oracle.expect_products();
  const bool all_the_way = options.solver == BatchSolver::cd;
  const bool ascent_serves = has_logistic_dual(problem.spec) && !problem.warm && point.finite();
  if (ascent_serves && (all_the_way || problem.rows.sparse())) {
    LogisticAscent ascent(problem.rows, problem.targets, problem.spec.penalty, problem.standardization);
    ascent.start_at(point.x.back(), problem.spec.fit_intercept);
    const GradientGoal first{goal.scale, all_the_way ? goal.tol : std::max(kNear, goal.tol)};
    if (all_the_way) {
      const Code code = ascend(ascent, options.seed, oracle, point, first, monitor);
      if (code != Code::ok) return code;
    } else if (!goal.met(norm(point.gradient))) {
      ascent.run(first.tol * first.scale, kSeed, monitor);
      if (!take(ascent, oracle, point, goal, monitor)) return Code::interrupted;
    }
  }
  return newton(oracle, point, goal, monitor);
}

}  // namespace gradstream::solvers
