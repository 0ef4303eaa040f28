#include "solvers/support.hpp"

#include <algorithm>
#include <utility>

#include "solvers/smooth.hpp"

namespace gradstream::solvers {
namespace {

class SupportOracle final : public Oracle {
 public:
  SupportOracle(Oracle& whole, const Vector& x, double l1)
      : whole_(whole), full_(x.size(), 0.0), full_gradient_(x.size()) {
    const auto coefficients = static_cast<std::size_t>(whole.coefficients());
    for (std::size_t j = 0; j < x.size(); ++j) {
      if (l1 > 0.0 && j < coefficients && x[j] == 0.0) continue;
      free_.push_back(j);
      slope_.push_back(j >= coefficients ? 0.0 : x[j] > 0.0 ? l1 : -l1);
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

  /// Moves `whole` from `from` towards `to`, coefficients that would change their sign to 0: all the way, or half of it, ..., if that
  /// lowers the objective; else up to the first zero, which does by convexity. True when a coefficient became 0.
  bool move_within_signs(const Point& from, const Point& to, Point& whole) {
    const double first_zero = way_to_first_zero(from.x, to.x);
    for (double way = 1.0;; way *= 0.5) {
      const bool last = way <= first_zero || way < 0.01;
      move(from.x, to.x, last ? std::min(way, 1.0) : way, whole.x);
      if (last && way < 1.0) move(from.x, to.x, first_zero, whole.x);
      whole.evaluate(whole_);
      if (last || restrict(whole).value < from.value) break;
    }
    return first_zero < 1.0;
  }

 private:
  /// The largest part of the way on which no coefficient changes its sign, at most 1.
  double way_to_first_zero(const Vector& from, const Vector& to) const {
    double way = 1.0;
    for (std::size_t at = 0; at < free_.size(); ++at) {
      if (slope_[at] * to[at] < 0.0) way = std::min(way, from[at] / (from[at] - to[at]));
    }
    return way;
  }

  /// Writes from + way (to - from) into the free part of x; a coefficient that passes 0 is exactly 0.
  void move(const Vector& from, const Vector& to, double way, Vector& x) const {
    for (std::size_t at = 0; at < free_.size(); ++at) {
      const double value = way == 1.0 ? to[at] : from[at] + way * (to[at] - from[at]);
      const bool arrived = slope_[at] * to[at] < 0.0 && from[at] / (from[at] - to[at]) <= way;
      x[free_[at]] = arrived || slope_[at] * value < 0.0 ? 0.0 : value;
    }
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
  constexpr int rounds = 5;       // of losing coefficients
  constexpr int iterations = 30;  // then look whether signs still hold: beyond a zero the linear penalty may have no minimum
  Code code = Code::max_iter;
  bool crossed = true;
  for (int round = 0; round < rounds && crossed && !monitor.exhausted(); ++round) {
    SupportOracle part(oracle, point.x, l1);
    const Point from = part.restrict(point);
    Point to = from;
    Monitor inner(iterations, [&](int, double objective, double optimality) {
      return monitor.record(objective, optimality) && !monitor.exhausted();
    });
    code = minimise_smooth(part, to, goal, inner);
    crossed = part.move_within_signs(from, to, point);
    if (monitor.interrupted()) return Code::interrupted;
  }
  return code == Code::converged && !crossed ? code : Code::max_iter;
}

}  // namespace gradstream::solvers
