#include "solvers/support.hpp"

#include <algorithm>
#include <utility>

#include "solvers/smooth.hpp"

namespace gradstream::solvers {
namespace {

/// The objective over the coefficients that are free to move, with the penalty's slope in place of the penalty.
class SupportOracle final : public Oracle {
 public:
  SupportOracle(Oracle& whole, const Point& point, double l1)
      : whole_(whole), full_(point.x.size(), 0.0), full_gradient_(point.x.size()) {
    const auto coefficients = static_cast<std::size_t>(whole.coefficients());
    for (std::size_t j = 0; j < full_.size(); ++j) {
      const double slope = j < coefficients ? slope_at(point.x[j], point.gradient[j], l1) : 0.0;
      if (slope == 0.0 && l1 > 0.0 && j < coefficients) continue;
      free_.push_back(j);
      slope_.push_back(slope);
    }
  }

  std::int64_t coefficients() const override { return static_cast<std::int64_t>(free_.size()) - intercepts(); }
  std::int64_t intercepts() const override { return whole_.intercepts(); }
  bool fit_intercept() const override { return whole_.fit_intercept(); }

  double value_gradient(const double* parameters, double* gradient) override {
    scatter(parameters);
    double value = whole_.value_gradient(full_.data(), full_gradient_.data());
    for (std::size_t at = 0; at < free_.size(); ++at) {
      value += slope_[at] * parameters[at];
      gradient[at] = full_gradient_[free_[at]] + slope_[at];
    }
    return value;
  }

  double gradient_cost() const override { return whole_.gradient_cost(); }
  double curvature_cost() const override { return whole_.curvature_cost(); }
  void curvature(const double* parameters, double* hessian) override {
    scatter(parameters);
    full_hessian_.resize(full_.size() * full_.size());
    whole_.curvature(full_.data(), full_hessian_.data());
    for (std::size_t row = 0; row < free_.size(); ++row) {
      for (std::size_t column = 0; column <= row; ++column) {
        hessian[row * free_.size() + column] = full_hessian_[free_[row] * full_.size() + free_[column]];
      }
    }
  }

  /// The free part of `whole`, which has been evaluated.
  Point restrict(const Point& whole) const {
    Point part{Vector(free_.size()), whole.value, Vector(free_.size())};
    for (std::size_t at = 0; at < free_.size(); ++at) {
      part.x[at] = whole.x[free_[at]];
      part.gradient[at] = whole.gradient[free_[at]] + slope_[at];
      part.value += slope_[at] * part.x[at];
    }
    return part;
  }

  /// What the penalty is more than linear where signs have been left.
  double missing_penalty(const Vector& at) const {
    double missing = 0.0;
    for (std::size_t j = 0; j < free_.size(); ++j) missing += std::max(0.0, -2.0 * slope_[j] * at[j]);
    return missing;
  }

  /// Moves `whole` from `from` towards `to`, coefficients that would leave their sign to 0: all the way, or half of it,
  /// ..., if that lowers the objective; else up to the first zero, which does by convexity. True when that ended
  /// coefficients.
  bool move_within_signs(const Point& from, const Point& to, Point& whole) {
    const double first_zero = way_to_first_zero(from.x, to.x);
    if (first_zero == 1.0 && stays(to.x)) {
      moved(from, to, 1.0, whole);
      return false;
    }
    for (double way = 1.0; way >= first_zero && way > 0.01; way *= 0.5) {
      if (moved(from, to, way, whole)) return true;
    }
    if (!moved(from, to, first_zero, whole)) moved(from, from, 1.0, whole);
    return true;
  }

 private:
  /// Slope of the penalty where x is, or where it would go from 0; 0 where it stays there.
  static double slope_at(double x, double gradient, double l1) {
    if (x != 0.0) return x > 0.0 ? l1 : -l1;
    return gradient < -l1 ? l1 : gradient > l1 ? -l1 : 0.0;
  }

  /// The largest part of the way on which no coefficient changes its sign, at most 1.
  double way_to_first_zero(const Vector& from, const Vector& to) const {
    double way = 1.0;
    for (std::size_t at = 0; at < free_.size(); ++at) {
      if (from[at] != 0.0 && slope_[at] * to[at] < 0.0) way = std::min(way, from[at] / (from[at] - to[at]));
    }
    return way;
  }

  /// No coefficient has left its sign, none of those that were 0 either.
  bool stays(const Vector& to) const {
    for (std::size_t at = 0; at < free_.size(); ++at) {
      if (slope_[at] * to[at] < 0.0) return false;
    }
    return true;
  }

  /// Puts from + way (to - from) into `whole`, exactly 0 where a sign is left; whether the objective is lower there.
  bool moved(const Point& from, const Point& to, double way, Point& whole) {
    for (std::size_t at = 0; at < free_.size(); ++at) {
      const double start = from.x[at], end = to.x[at];
      const double value = way == 1.0 ? end : start + way * (end - start);
      const bool arrived = start != 0.0 && slope_[at] * end < 0.0 && start / (start - end) <= way;
      whole.x[free_[at]] = arrived || slope_[at] * value < 0.0 ? 0.0 : value;
    }
    whole.evaluate(whole_);
    return restrict(whole).value <= from.value + 1e-15 * std::abs(from.value);
  }

  void scatter(const double* parameters) {
    for (std::size_t at = 0; at < free_.size(); ++at) full_[free_[at]] = parameters[at];
  }

  Oracle& whole_;
  std::vector<std::size_t> free_;
  Vector slope_;  // of the penalty: +-l1, 0 for intercepts
  Vector full_, full_gradient_, full_hessian_;
};

}  // namespace

Code minimise_on_support(Oracle& oracle, Point& point, double l1, const GradientGoal& goal, Monitor& monitor) {
  // Then look whether signs still hold: beyond a zero the linear penalty may have no minimum.
  constexpr int rounds = 5, iterations = 30;
  for (int round = 0; round < rounds && !monitor.exhausted(); ++round) {
    SupportOracle part(oracle, point, l1);
    const Point from = part.restrict(point);
    Point to = from;
    Monitor inner(iterations, [&](int, double objective, double optimality) {
      const double penalised = objective + part.missing_penalty(to.x);
      const bool lower = penalised <= from.value;  // columns that say the same trade coefficients without end
      return monitor.record(lower ? penalised : from.value, optimality) && !monitor.exhausted() && lower;
    });
    const Code code = minimise_smooth(part, to, goal, inner);
    const bool crossed = part.move_within_signs(from, to, point);
    if (monitor.interrupted()) return Code::interrupted;
    if (!crossed && code == Code::converged) return code;
  }
  return Code::max_iter;
}

}  // namespace gradstream::solvers
