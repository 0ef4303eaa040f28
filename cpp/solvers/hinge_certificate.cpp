#include "solvers/hinge_certificate.hpp"

#include <algorithm>

#include "parallel/interruption.hpp"
#include "solvers/best_intercept.hpp"

namespace gradstream::solvers {

HingeCertificate::HingeCertificate(const HingeProblem& problem)
    : problem_(problem),
      plus_(problem.features()),
      minus_(problem.features()),
      sums_(problem.features()),
      coef_(problem.features()),
      margins_(problem.size()),
      workspace_(static_cast<std::size_t>(problem.rows.workspace(1))) {}

const Vector& HingeCertificate::sums_of(const Vector& share) {
  std::fill(plus_.begin(), plus_.end(), 0.0);
  std::fill(minus_.begin(), minus_.end(), 0.0);
  plus_total_ = minus_total_ = 0.0;
  for (std::size_t i = 0; i < share.size(); ++i) {
    parallel::look_for_interruption(i);
    const double alpha = share[i] * problem_.cap[i];
    if (alpha == 0.0) continue;
    const bool positive = problem_.y[i] > 0.0;
    (positive ? plus_total_ : minus_total_) += alpha;
    auto& sums = positive ? plus_ : minus_;
    problem_.rows.row_axpy(static_cast<std::int64_t>(i), problem_.standardization.center, positive ? alpha : -alpha,
                           sums.data());
  }
  for (std::size_t j = 0; j < sums_.size(); ++j) sums_[j] = plus_[j] + minus_[j];
  return sums_;
}

/// |soft(v, l1)|^2 for positive and negative rows scaled by the factors; without l2 the largest |v_j|.
double HingeCertificate::largest(double plus, double minus) const {
  const auto& [l1, l2] = problem_.penalty;
  double squares = 0.0, peak = 0.0;
  for (std::size_t j = 0; j < plus_.size(); ++j) {
    const double scale = problem_.standardization.scale != nullptr ? problem_.standardization.scale[j] : 1.0;
    const double v = scale * (plus * plus_[j] + minus * minus_[j]);
    const double shrunk = soft_threshold(v, l1);
    squares += shrunk * shrunk;
    peak = std::max(peak, std::abs(v));
  }
  return l2 > 0.0 ? squares : peak;
}

double HingeCertificate::dual() const {
  const auto& [l1, l2] = problem_.penalty;
  const double even = std::min(plus_total_, minus_total_);
  const double plus = problem_.fit_intercept && plus_total_ > even ? even / plus_total_ : 1.0;
  const double minus = problem_.fit_intercept && minus_total_ > even ? even / minus_total_ : 1.0;
  const double total = plus * plus_total_ + minus * minus_total_;
  const double curved = largest(plus, minus);
  if (l2 > 0.0) return total - curved / (2.0 * l2);
  // Without l2 every |v_j| must be at most l1: shrink until it is. Without any penalty v must vanish, to rounding.
  constexpr double rounding = 1e-12;
  if (curved <= l1 + rounding) return total;
  return total * (l1 / curved);
}

double HingeCertificate::primal(const Vector& w, double& b) {
  const double zero = 0.0;
  const double* coef = in_units_of_x(w.data(), 1, problem_.standardization, coef_);
  problem_.rows.margins({0, problem_.rows.rows()}, {coef, problem_.standardization.center, &zero}, 1, margins_.data(),
                        workspace_.data());
  if (problem_.fit_intercept) b = best_hinge_intercept(margins_, problem_.y, problem_.cap);
  const auto& [l1, l2] = problem_.penalty;
  double loss = 0.0, l1_sum = 0.0;
  for (std::size_t i = 0; i < margins_.size(); ++i) {
    const double missing = 1.0 - problem_.y[i] * (margins_[i] + b);
    if (problem_.cap[i] > 0.0 && !(missing <= 0.0)) loss += problem_.cap[i] * missing;  // NaN stays
  }
  for (const double value : w) l1_sum += std::abs(value);
  return loss + 0.5 * l2 * dot(w, w) + l1 * l1_sum;
}

}  // namespace gradstream::solvers
