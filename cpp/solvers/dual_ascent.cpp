#include "solvers/dual_ascent.hpp"

#include <algorithm>
#include <cmath>
#include <deque>
#include <limits>

#include "parallel/interruption.hpp"
#include "parallel/parallel_for.hpp"
#include "solvers/hinge_column.hpp"
#include "solvers/row_sums.hpp"
#include "solvers/stagnation.hpp"

namespace gradstream::solvers {
namespace {

struct RowConstants {
  Vector cap;     // s_i / S
  Vector square;  // |x~_i|^2
};

RowConstants row_constants(const RowAccess& rows, const kernels::Targets& targets,
                           const Standardization& standardization) {
  const auto n = static_cast<std::size_t>(rows.rows());
  RowConstants constants{Vector(n, 1.0), Vector(n)};
  double total = 0.0;
  for (std::size_t i = 0; i < n; ++i) {
    parallel::look_for_interruption(i);
    if (targets.weight != nullptr) constants.cap[i] = targets.weight[i];
    total += constants.cap[i];
    constants.square[i] = rows.row_norm(static_cast<std::int64_t>(i), standardization.center, standardization.scale);
  }
  for (double& cap : constants.cap) cap /= total;
  return constants;
}

Vector signs(const LossSpec& loss, const double* y, std::size_t n, std::int64_t column) {
  if (loss.kind == ColumnsKind::single) return Vector(y, y + n);
  Vector sign(n);
  for (std::size_t i = 0; i < n; ++i) sign[i] = y[i] == static_cast<double>(column) ? 1.0 : -1.0;
  return sign;
}

/// All columns, moved together.
class HingeFit {
 public:
  HingeFit(const RowAccess& rows, const kernels::Targets& targets, const Spec& spec,
           const Standardization& standardization, const BatchStart& start, int n_threads)
      : K_(spec.loss.columns),
        features_(static_cast<std::size_t>(rows.columns())),
        n_threads_(useful_threads(n_threads, pass_ns(rows, spec.loss.columns))),
        constants_(row_constants(rows, targets, standardization)) {
    for (std::int64_t k = 0; k < K_; ++k) {
      HingeProblem problem{rows,
                           standardization,
                           spec.penalty,
                           spec.fit_intercept,
                           signs(spec.loss, targets.y, constants_.cap.size(), k),
                           constants_.cap,
                           constants_.square};
      Vector w(features_, 0.0);
      for (std::size_t j = 0; start.coef != nullptr && j < features_; ++j) {
        const bool constant = standardization.scale != nullptr && standardization.scale[j] == 0.0;
        if (!constant) w[j] = start.coef[static_cast<std::int64_t>(j) * K_ + k];
      }
      columns_.emplace_back(std::move(problem), std::move(w), 0.0);
    }
  }

  /// Runs move(column) for all columns, side by side.
  template <class Move>
  void move(const Move& move) {
    parallel::for_blocks(K_, n_threads_, [&](std::int64_t k) { move(columns_[static_cast<std::size_t>(k)]); });
  }

  double primal() const {
    double total = 0.0;
    for (const auto& column : columns_) total += column.primal();
    return total;
  }
  /// Relative to 1e-10 where the optimum is smaller (without a penalty it can be 0): the loss is 1 at w = 0, and its
  /// rounding 1e-16.
  double optimality() const {
    constexpr double tiny = 1e-10;
    double gap = 0.0;
    for (const auto& column : columns_) gap += column.gap();
    return std::max(gap, 0.0) / std::max(primal(), tiny);
  }
  SharpenCost sharpen_cost() const { return columns_.front().sharpen_cost(); }

  BatchResult result(Code status, Monitor& monitor) const {
    BatchResult result{};
    result.coef.resize(features_ * static_cast<std::size_t>(K_));
    for (std::size_t k = 0; k < columns_.size(); ++k) {
      for (std::size_t j = 0; j < features_; ++j) result.coef[j * columns_.size() + k] = columns_[k].w()[j];
      result.intercept.push_back(columns_[k].b());
    }
    result.objective = primal();
    result.optimality = optimality();
    result.n_iter = monitor.iterations();
    result.status = status;
    result.loss_curve = monitor.take_loss_curve();
    result.solver = BatchSolver::cd;
    return result;
  }

 private:
  std::int64_t K_;
  std::size_t features_;
  int n_threads_;
  RowConstants constants_;
  std::deque<HingeColumn> columns_;
};

/// Epochs of coordinate ascent before the rounds on all rows together take over.
double epochs_of_ascent(const PenaltySpec& penalty, const SharpenCost& cost) {
  if (penalty.l2 == 0.0) return 0.0;  // without l2 the dual has no coefficients to ascend with
  return cost.affordable ? std::clamp(cost.epochs, 5.0, 100.0) : std::numeric_limits<double>::infinity();
}

/// Past the goal: a gap says little about coefficients when it is as small as rounding, so some rounds are made
/// whatever it is.
void finish(HingeFit& fit, Monitor& monitor) {
  constexpr int rounds = 8, in_any_case = 3;
  constexpr double rounding = 1e-15;
  for (int round = 0; round < rounds && !monitor.exhausted(); ++round) {
    if (round >= in_any_case && fit.optimality() <= rounding) return;
    fit.move([](HingeColumn& column) { column.sharpen(); });
    if (!monitor.record(fit.primal(), fit.optimality())) return;
  }
}

}  // namespace

BatchResult dual_ascent(const RowAccess& rows, const kernels::Targets& targets, const Spec& spec,
                        const Standardization& standardization, const BatchStart& start, const BatchOptions& options,
                        Monitor& monitor) {
  HingeFit fit(rows, targets, spec, standardization, start, options.n_threads);
  if (!std::isfinite(fit.primal())) return fit.result(Code::non_finite, monitor);
  const SharpenCost cost = fit.sharpen_cost();
  const double epochs = epochs_of_ascent(spec.penalty, cost);
  Stagnation stagnant(20);
  for (int epoch = 0; fit.optimality() > options.tol; ++epoch) {
    if (monitor.exhausted()) return fit.result(Code::max_iter, monitor);
    const bool ascend = epoch < epochs;
    if (!ascend && stagnant(fit.primal(), fit.optimality())) return fit.result(Code::no_progress, monitor);
    fit.move([&](HingeColumn& column) {
      if (column.gap() <= 0.5 * options.tol * column.primal()) return;
      if (ascend) {
        column.ascend(options.seed, epoch);
      } else {
        column.sharpen();
      }
    });
    if (!monitor.record(fit.primal(), fit.optimality())) return fit.result(Code::interrupted, monitor);
  }
  if (cost.cheap) finish(fit, monitor);
  return fit.result(monitor.interrupted() ? Code::interrupted : Code::converged, monitor);
}

}  // namespace gradstream::solvers
