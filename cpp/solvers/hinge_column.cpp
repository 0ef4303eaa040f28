#include "solvers/hinge_column.hpp"

#include <algorithm>
#include <utility>

#include "core/random.hpp"
#include "parallel/interruption.hpp"
#include "solvers/accelerated_proximal.hpp"
#include "solvers/hinge_envelope.hpp"
#include "solvers/newton.hpp"
#include "solvers/optimality.hpp"
#include "solvers/proximal_newton.hpp"
#include "solvers/smooth.hpp"

namespace gradstream::solvers {
namespace {

constexpr double kDear = 1e8;  // nanoseconds of a Newton step that are too many

}  // namespace

HingeColumn::HingeColumn(HingeProblem problem, Vector w, double b)
    : problem_(std::move(problem)),
      certificate_(problem_),
      share_(problem_.size(), 0.0),
      sums_(problem_.features(), 0.0),
      coef_(problem_.features(), 0.0),
      multiplier_(b),
      w_(std::move(w)),
      b_(b),
      dual_(0.0) {
  double norms = 0.0, squares = 0.0;
  for (std::size_t i = 0; i < problem_.size(); ++i) {
    if (problem_.cap[i] == 0.0) continue;
    squares += problem_.cap[i] * problem_.square[i];
    norms += problem_.cap[i] * std::sqrt(problem_.square[i]);
  }
  bias_square_ =
      problem_.fit_intercept && problem_.penalty.l2 > 0.0 ? std::max(squares, 1e-300) / problem_.penalty.l2 : 0.0;
  gradient_scale_ = std::max(norms, 1e-300);
  primal_ = certificate_.primal(w_, b_);
}

void HingeColumn::ascend(std::uint64_t seed, int epoch) {
  const auto& [l1, l2] = problem_.penalty;
  const RidgeMap map{problem_.standardization.scale, l1, l2};
  const double* center = problem_.standardization.center;
  const Permutation order(static_cast<std::int64_t>(problem_.size()), seed, static_cast<std::uint64_t>(epoch));
  multiplier_ += balance_ * bias_square_;
  for (std::size_t position = 0; position < problem_.size(); ++position) {
    parallel::look_for_interruption(position);
    const std::int64_t row = order(static_cast<std::int64_t>(position));
    const auto i = static_cast<std::size_t>(row);
    const double cap = problem_.cap[i], y = problem_.y[i];
    if (cap == 0.0) continue;
    const double z = problem_.rows.row_dot(row, center, coef_.data()) + multiplier_ + balance_ * bias_square_;
    const double step = (1.0 - y * z) / (cap * (problem_.square[i] / l2 + bias_square_));
    const double share = std::clamp(share_[i] + step, 0.0, 1.0);
    const double change = (share - share_[i]) * cap * y;
    if (change == 0.0) continue;
    share_[i] = share;
    balance_ += change;
    problem_.rows.row_axpy(row, center, change, sums_.data());
    problem_.rows.refresh(row, map, sums_.data(), coef_.data());
  }
  sums_ = certificate_.sums_of(share_);
  Vector w(problem_.features());
  for (std::size_t j = 0; j < w.size(); ++j) {
    const double scale = map.scale != nullptr ? map.scale[j] : 1.0;
    w[j] = soft_threshold(scale * sums_[j], l1) / l2;
    coef_[j] = scale * w[j];
  }
  certify(w);
}

/// Keeps the better of what was and what is. Of primal values equal to rounding the newer wins: its coefficients are
/// more exact.
void HingeColumn::certify(const Vector& w) {
  dual_ = std::max(dual_, certificate_.dual());
  double b = b_;
  const double primal = certificate_.primal(w, b);
  constexpr double rounding = 1e-12;
  if (primal <= primal_ * (1.0 + rounding)) {
    primal_ = primal;
    w_ = w;
    b_ = b;
  }
}

SharpenCost HingeColumn::sharpen_cost() const {
  const HingeEnvelope envelope(problem_, share_, sharpness_);
  const double step = newton_cost(envelope);
  return {step / envelope.gradient_cost(), newton_affordable(envelope), step <= kDear};
}

/// From the last minimum: Newton at once where it is affordable, the general methods otherwise.
void HingeColumn::minimise_envelope(Oracle& envelope, Point& point) const {
  constexpr int iterations = 200;
  constexpr double precise = 1e-12, rounding = 1e-15, enough = 1e-7;
  const double l1 = problem_.penalty.l1;
  const GradientGoal goal{gradient_scale_, std::max(precise, rounding * sharpness_)};
  Monitor monitor(iterations, nullptr);
  point.evaluate(envelope);
  Code code = Code::no_progress;
  if (newton_cost(envelope) <= kDear) {
    code = l1 > 0.0 ? proximal_newton(envelope, point, l1, goal, monitor) : newton(envelope, point, goal, monitor);
  }
  if (code != Code::no_progress || proximal_gradient_norm(envelope, point, l1) <= enough * gradient_scale_) return;
  if (l1 > 0.0) {
    accelerated_proximal(envelope, point, l1, goal, monitor);
  } else {
    minimise_smooth(envelope, point, goal, monitor);
  }
}

void HingeColumn::sharpen() {
  constexpr double sharper = 5.0, sharpest = 1e4;
  HingeEnvelope envelope(problem_, share_, sharpness_);
  Point point{w_, 0.0, {}};
  point.x.push_back(b_);
  minimise_envelope(envelope, point);
  share_ = envelope.shares_at(point.x.data());
  sharpness_ = std::min(sharper * sharpness_, sharpest);
  point.x.pop_back();
  certificate_.sums_of(share_);
  certify(point.x);
}

}  // namespace gradstream::solvers
