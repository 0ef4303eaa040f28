#include "solvers/dual_ascent.hpp"

#include <algorithm>
#include <deque>
#include <limits>

#include "parallel/parallel_for.hpp"
#include "solvers/best_intercept.hpp"
#include "solvers/hinge_column.hpp"

namespace gradstream::solvers {
namespace {

struct RowConstants {
  Vector cap;     // s_i / S
  Vector square;  // |x~_i|^2
};

RowConstants row_constants(const RowAccess& rows, const kernels::Targets& targets, const Standardization& standardization) {
  const auto n = static_cast<std::size_t>(rows.rows());
  RowConstants constants{Vector(n, 1.0), Vector(n)};
  double total = 0.0;
  for (std::size_t i = 0; i < n; ++i) {
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
  HingeFit(const RowAccess& rows, const kernels::Targets& targets, const Spec& spec, const Standardization& standardization,
           const BatchStart& start)
      : K_(spec.loss.columns), features_(static_cast<std::size_t>(rows.columns())),
        constants_(row_constants(rows, targets, standardization)) {
    for (std::int64_t k = 0; k < K_; ++k) {
      HingeProblem problem{rows, standardization, spec.penalty, spec.fit_intercept,
                           signs(spec.loss, targets.y, constants_.cap.size(), k), constants_.cap, constants_.square};
      Vector w(features_, 0.0);
      for (std::size_t j = 0; start.coef != nullptr && j < features_; ++j) {
        const bool constant = standardization.scale != nullptr && standardization.scale[j] == 0.0;
        if (!constant) w[j] = start.coef[static_cast<std::int64_t>(j) * K_ + k];
      }
      columns_.emplace_back(std::move(problem), std::move(w), 0.0);
    }
  }

  /// Runs move(column) for every column that is not finished, side by side.
  template <class Move>
  void move(int n_threads, double goal, const Move& move) {
    parallel::for_blocks(K_, n_threads, [&](std::int64_t k) {
      auto& column = columns_[static_cast<std::size_t>(k)];
      if (column.gap() > goal * column.primal()) move(column);
    });
  }

  double primal() const {
    double total = 0.0;
    for (const auto& column : columns_) total += column.primal();
    return total;
  }
  double optimality() const {
    double gap = 0.0;
    for (const auto& column : columns_) gap += column.gap();
    return std::max(gap, 0.0) / std::max(primal(), std::numeric_limits<double>::min());
  }
  double relative_cost() const { return columns_.front().relative_cost(); }

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
    return result;
  }

 private:
  std::int64_t K_;
  std::size_t features_;
  RowConstants constants_;
  std::deque<HingeColumn> columns_;
};

}  // namespace

BatchResult dual_ascent(const RowAccess& rows, const kernels::Targets& targets, const Spec& spec, const Standardization& standardization,
                        const BatchStart& start, const BatchOptions& options, Monitor& monitor) {
  constexpr double exact = 1e-14;       // gap of the last rounds: rounding
  constexpr double few = 5.0;           // epochs that are made in any case
  constexpr int last_rounds = 12;
  HingeFit fit(rows, targets, spec, standardization, start);
  const double cost = fit.relative_cost();
  const double epochs = spec.penalty.l2 > 0.0 ? std::max(few, cost) : 0.0;
  int epoch = 0;
  const auto iterate = [&](double goal) {
    if (epoch < epochs) {
      fit.move(options.n_threads, goal, [&](HingeColumn& column) { column.ascend(options.seed, epoch); });
    } else {
      fit.move(options.n_threads, goal, [](HingeColumn& column) { column.sharpen(); });
    }
    ++epoch;
    return monitor.record(fit.primal(), fit.optimality());
  };
  while (fit.optimality() > options.tol) {
    if (monitor.exhausted()) return fit.result(Code::max_iter, monitor);
    if (!iterate(options.tol)) return fit.result(Code::interrupted, monitor);
  }
  return fit.result(Code::converged, monitor);
}

}  // namespace gradstream::solvers
