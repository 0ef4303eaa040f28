#include "solvers/accelerated_proximal.hpp"

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include "solvers/newton.hpp"
#include "solvers/optimality.hpp"
#include "solvers/proximal_newton.hpp"
#include "solvers/stagnation.hpp"
#include "solvers/support.hpp"

namespace gradstream::solvers {
namespace {

/// Nesterov's extrapolation of proximal gradient steps; `point` is where it stands and may be moved from outside
/// (restart).
class Fista {
 public:
  Fista(Oracle& oracle, Point& point, double l1)
      : oracle_(oracle), l1_(l1), coefficients_(static_cast<std::size_t>(oracle.coefficients())), at_(point) {
    restart();
  }

  /// Moves to the proximal step from the extrapolated point; false when no step length gives one.
  bool step() {
    if (!curvature_) curvature_ = curvature_at_start();
    if (!backtrack()) return false;
    curvature_ = *curvature_ * 0.9;
    const bool overshot = along(from_, next_, at_) > 0.0;
    const double longer = 0.5 * (1.0 + std::sqrt(1.0 + 4.0 * momentum_ * momentum_));
    const double weight = overshot ? 0.0 : (momentum_ - 1.0) / longer;
    momentum_ = overshot ? 1.0 : longer;
    std::swap(at_, next_);
    from_ = at_;
    if (weight > 0.0) {
      for (std::size_t j = 0; j < from_.x.size(); ++j) from_.x[j] += weight * (at_.x[j] - next_.x[j]);
      from_.evaluate(oracle_);
    }
    return true;
  }

  /// Forgets the momentum: the point was moved by someone else.
  void restart() {
    momentum_ = 1.0;
    from_ = at_;
  }

 private:
  /// next_ = prox(from_ - gradient / L) with the smallest L tried for which the quadratic model is an upper bound.
  bool backtrack() {
    for (int trial = 0; trial < 100; ++trial, curvature_ = *curvature_ * 2.0) {
      const double L = *curvature_;
      next_.x.resize(from_.x.size());
      double model = from_.value, moved = 0.0;
      for (std::size_t j = 0; j < from_.x.size(); ++j) {
        const double v = from_.x[j] - from_.gradient[j] / L;
        next_.x[j] = j < coefficients_ ? soft_threshold(v, l1_ / L) : v;
        const double move = next_.x[j] - from_.x[j];
        model += from_.gradient[j] * move;
        moved += move * move;
      }
      next_.evaluate(oracle_);
      if (next_.finite() && next_.value <= model + 0.5 * L * moved + 1e-14 * std::abs(from_.value)) return true;
    }
    return false;
  }

  /// Curvature of the objective along its gradient, from one gradient a little further down.
  double curvature_at_start() {
    const double slope = norm(from_.gradient);
    if (slope == 0.0) return 1.0;
    const double length = 1e-4 / slope;
    next_.x = from_.x;
    axpy(-length, from_.gradient, next_.x);
    next_.evaluate(oracle_);
    const double bend = (slope * slope - dot(from_.gradient, next_.gradient)) / (length * slope * slope);
    return std::isfinite(bend) ? std::max(bend, 1e-12) : 1.0;
  }

  /// <a - b, b - c>
  static double along(const Point& a, const Point& b, const Point& c) {
    double total = 0.0;
    for (std::size_t j = 0; j < a.x.size(); ++j) total += (a.x[j] - b.x[j]) * (b.x[j] - c.x[j]);
    return total;
  }

  Oracle& oracle_;
  double l1_;
  std::size_t coefficients_;
  Point& at_;
  Point from_, next_;  // the extrapolated point, and the point before or after at_
  double momentum_ = 1.0;
  std::optional<double> curvature_;  // one over the step length, L
};

/// Says when the set of non-zero coefficients has stood still, all but a few, long enough to be worth a solve.
class SupportWatch {
 public:
  bool settled(const Vector& x) {
    std::size_t changed = mask_.size() == x.size() ? 0 : x.size(), non_zero = 0;
    mask_.resize(x.size());
    for (std::size_t j = 0; j < x.size(); ++j) {
      changed += mask_[j] != (x[j] != 0.0) ? 1 : 0;
      non_zero += x[j] != 0.0 ? 1 : 0;
      mask_[j] = x[j] != 0.0;
    }
    still_ = changed * kFew <= non_zero ? still_ + 1 : 0;
    return still_ >= patience_;
  }
  /// The set was tried and is not the final one: wait longer next time.
  void tried() {
    still_ = 0;
    patience_ = std::min(patience_ + 1, 8);
  }

 private:
  static constexpr std::size_t kFew = 50;  // one in this many may change
  std::vector<bool> mask_;
  int still_ = 0;
  int patience_ = 3;
};

/// After the goal: solve on the support, let a proximal step change the support, until neither gains anything.
void refine(Oracle& oracle, Point& point, double l1, const GradientGoal& goal, Monitor& monitor) {
  constexpr int rounds = 5;
  Fista fista(oracle, point, l1);
  const GradientGoal tight{goal.scale, std::min(goal.tol, 1e-13)};
  Point best = point;
  double least = proximal_gradient_norm(oracle, point, l1);
  for (int round = 0; round < rounds && !tight.met(least); ++round) {
    if (minimise_on_support(oracle, point, l1, goal, monitor) == Code::interrupted) break;
    fista.restart();
    const double now = proximal_gradient_norm(oracle, point, l1);
    if (round > 0 && now > 0.5 * least) break;
    if (now < least) {
      least = now;
      best = point;
    }
    if (!fista.step()) break;
  }
  point = std::move(best);
}

constexpr int kWithoutEnd = std::numeric_limits<int>::max();

/// FISTA until the goal is met; ok: that took `patience` iterations. Without end: with solves on the support.
Code iterate(Oracle& oracle, Point& point, double l1, const GradientGoal& goal, Monitor& monitor, int patience) {
  Fista fista(oracle, point, l1);
  SupportWatch watch;
  Stagnation stagnant(100);
  const int begin = monitor.iterations();
  while (!goal.met(proximal_gradient_norm(oracle, point, l1))) {
    if (monitor.exhausted()) return Code::max_iter;
    if (monitor.iterations() - begin >= patience) return Code::ok;
    if (!fista.step()) return Code::no_progress;
    const double optimality = proximal_gradient_norm(oracle, point, l1) / goal.scale;
    const double objective = point.value + l1 * l1_norm(oracle, point.x);
    if (!monitor.record(objective, optimality)) return Code::interrupted;
    if (stagnant(objective, optimality)) return Code::no_progress;
    if (patience == kWithoutEnd && goal.tol < optimality && watch.settled(point.x)) {
      if (minimise_on_support(oracle, point, l1, goal, monitor) == Code::interrupted) return Code::interrupted;
      fista.restart();
      watch.tried();
    }
  }
  return Code::converged;
}

}  // namespace

Code accelerated_proximal(Oracle& oracle, Point& point, double l1, const GradientGoal& goal, Monitor& monitor) {
  if (!point.finite()) return Code::non_finite;
  constexpr double near = 1e-1;
  const bool cheap = newton_affordable(oracle);
  const GradientGoal first{goal.scale, cheap ? std::max(near, goal.tol) : goal.tol};
  const int before = iterations_before_newton(oracle, cheap);
  const int patience = before == kWithoutEnd ? before : std::min(before, monitor.left() / 2);
  Code code = iterate(oracle, point, l1, first, monitor, patience);
  if (code == Code::ok || (code == Code::converged && cheap)) code = proximal_newton(oracle, point, l1, goal, monitor);
  if (code == Code::no_progress) code = iterate(oracle, point, l1, goal, monitor, kWithoutEnd);
  if (code == Code::converged && cheap) refine(oracle, point, l1, goal, monitor);
  return monitor.interrupted() ? Code::interrupted : code;
}

}  // namespace gradstream::solvers
