#include "solvers/full_batch.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

#include "solvers/accelerated_proximal.hpp"
#include "solvers/best_intercept.hpp"
#include "solvers/dual_ascent.hpp"
#include "solvers/large_smooth.hpp"
#include "solvers/optimality.hpp"
#include "solvers/sampled_start.hpp"
#include "solvers/smooth.hpp"

namespace gradstream::solvers {
namespace {

/// w = 0 with the best intercepts.
Vector blank(const RowAccess& rows, const kernels::Targets& targets, const Spec& spec) {
  Vector x(static_cast<std::size_t>(rows.columns() * spec.loss.columns), 0.0);
  Vector intercepts(static_cast<std::size_t>(spec.loss.columns), 0.0);
  if (spec.fit_intercept) intercepts = best_intercepts(spec.loss, targets, rows.rows());
  x.insert(x.end(), intercepts.begin(), intercepts.end());
  return x;
}

/// The start, with 0 where a coefficient has no effect.
void put_start(const BatchStart& start, const Spec& spec, const Standardization& standardization, Vector& x) {
  const auto K = static_cast<std::size_t>(spec.loss.columns);
  const std::size_t coefficients = x.size() - K;
  if (start.coef != nullptr) std::copy_n(start.coef, coefficients, x.begin());
  for (std::size_t at = 0; at < coefficients && standardization.scale != nullptr; ++at) {
    if (standardization.scale[at / K] == 0.0) x[at] = 0.0;
  }
  if (start.intercept != nullptr && spec.fit_intercept) {
    std::copy_n(start.intercept, K, x.begin() + static_cast<std::ptrdiff_t>(coefficients));
  }
}

/// One number added to all intercepts leaves a softmax as it is; of the equal solutions, the one with mean 0.
void centre_softmax_intercepts(const Spec& spec, Vector& x) {
  if (spec.loss.kind != ColumnsKind::softmax || !spec.fit_intercept) return;
  const auto first = x.end() - static_cast<std::ptrdiff_t>(spec.loss.columns);
  const double mean = std::accumulate(first, x.end(), 0.0) / static_cast<double>(spec.loss.columns);
  std::for_each(first, x.end(), [mean](double& b) { b -= mean; });
}

BatchResult result_at(const Vector& x, std::int64_t intercepts, Monitor& monitor) {
  const auto split = x.end() - static_cast<std::ptrdiff_t>(intercepts);
  BatchResult result{};
  result.coef.assign(x.begin(), split);
  result.intercept.assign(split, x.end());
  result.n_iter = monitor.iterations();
  result.loss_curve = monitor.take_loss_curve();
  return result;
}

struct Problem {
  const RowAccess& rows;
  const kernels::Targets& targets;
  const Spec& spec;
  const Standardization& standardization;
};

/// Of L-BFGS, where it pays.
std::optional<SampledStart> sampled_start(const Problem& problem, const BatchOptions& options, const Oracle& oracle) {
  if (options.solver != BatchSolver::lbfgs || !sampled_start_pays(oracle)) return std::nullopt;
  auto samples =
      take_samples({problem.rows, problem.targets, problem.spec, problem.standardization, options.n_threads}, oracle);
  if (samples.oracles.empty()) return std::nullopt;
  return std::optional<SampledStart>(std::in_place, std::move(samples));
}

Code run(const Problem& problem, const BatchOptions& options, bool warm, MemoryOracle& oracle, Point& point,
         const GradientGoal& goal, Monitor& monitor, SampledStart* start) {
  const auto& [rows, targets, spec, standardization] = problem;
  if (options.solver == BatchSolver::gd) return accelerated_proximal(oracle, point, spec.penalty.l1, goal, monitor);
  if (options.solver != BatchSolver::lbfgs) {
    return minimise_large({rows, targets, spec, standardization, warm}, options, oracle, point, goal, monitor);
  }
  if (warm && start != nullptr && !goal.met(norm(point.gradient))) {
    Point at = point;
    start->approach(at.x);
    at.evaluate(oracle);
    start->take_better(point, at);
  }
  return minimise_smooth(oracle, point, goal, monitor, start);
}

/// Where all is measured from, w = 0 with the best intercepts, and where the solver begins. Both evaluated.
struct Beginning {
  Point blank;
  Point point;
};

Beginning begin(const Problem& problem, const BatchStart& start, MemoryOracle& oracle, SampledStart* sampled) {
  Beginning out{{blank(problem.rows, problem.targets, problem.spec), 0.0, {}}, {}};
  Point from{out.blank.x, 0.0, {}};
  if (!start.given() && sampled == nullptr) {
    out.blank.evaluate(oracle);
    out.point = out.blank;
    return out;
  }
  if (start.given()) {
    put_start(start, problem.spec, problem.standardization, from.x);
  } else {
    sampled->approach(from.x);
  }
  from.evaluate_with(oracle, out.blank);
  out.point = out.blank;
  if (!start.given()) {
    sampled->take_better(out.point, from);
  } else if (from.finite()) {
    out.point = std::move(from);
  }
  return out;
}

BatchResult minimise(const Problem& problem, const BatchStart& start, BatchOptions options, Monitor& monitor) {
  const auto& [rows, targets, spec, standardization] = problem;
  MemoryOracle oracle(rows, targets, spec, standardization, options.n_threads);
  if (options.solver == BatchSolver::by_shape) options.solver = by_shape(rows, spec, oracle);
  std::optional<SampledStart> sampled = sampled_start(problem, options, oracle);
  SampledStart* const few = sampled ? &*sampled : nullptr;
  auto [blank, point] = begin(problem, start, oracle, few);
  const double l1 = spec.penalty.l1;
  GradientGoal goal{gradient_scale(oracle, blank.finite() ? blank : point, l1), options.tol};
  const bool regression = spec.fit_intercept && spec.loss.regression && blank.finite();
  const bool met = regression && options.tol > 0.0 && meets_all(spec.loss, targets, rows.rows(), blank.x.back());
  if (met) {  // w = 0 is optimal to rounding, of which the gradient is
    goal.scale = std::max(goal.scale, norm(blank.gradient) / options.tol);
    point = blank;
  }
  const Code code = met ? Code::converged : run(problem, options, start.given(), oracle, point, goal, monitor, few);
  BatchResult result = result_at(point.x, oracle.intercepts(), monitor);
  centre_softmax_intercepts(spec, result.intercept);
  result.objective = point.value + l1 * l1_norm(oracle, point.x);
  result.optimality = proximal_gradient_norm(oracle, point, l1) / goal.scale;
  result.status = code;
  result.solver = options.solver;
  return result;
}

constexpr std::pair<std::string_view, BatchSolver> kNames[] = {{"auto", BatchSolver::by_shape},
                                                               {"lbfgs", BatchSolver::lbfgs},
                                                               {"newton", BatchSolver::newton},
                                                               {"gd", BatchSolver::gd},
                                                               {"cd", BatchSolver::cd}};

}  // namespace

std::optional<BatchSolver> batch_solver(std::string_view name) {
  for (const auto& [known, solver] : kNames) {
    if (known == name) return solver;
  }
  return std::nullopt;
}

std::string_view name(BatchSolver solver) {
  for (const auto& [known, named] : kNames) {
    if (named == solver) return known;
  }
  return "";
}

BatchResult full_batch(const AnyView& view, const kernels::Targets& targets, const Spec& spec,
                       const Standardization& standardization, const BatchStart& start, const BatchOptions& options,
                       const Progress& progress) {
  const auto rows = access_rows(view);
  Monitor monitor(options.max_iter, progress, options.look_up);
  if (options.solver == BatchSolver::cd && !has_logistic_dual(spec)) {
    return dual_ascent(*rows, targets, spec, standardization, start, options, monitor);
  }
  return minimise({*rows, targets, spec, standardization}, start, options, monitor);
}

}  // namespace gradstream::solvers
