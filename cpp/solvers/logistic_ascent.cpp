#include "solvers/logistic_ascent.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/random.hpp"

namespace gradstream::solvers {

LogisticAscent::LogisticAscent(const RowAccess& rows, const kernels::Targets& targets, const PenaltySpec& penalty,
                               const Standardization& standardization)
    : rows_(rows),
      y_(targets.y),
      l2_(penalty.l2),
      standardization_(standardization),
      cap_(static_cast<std::size_t>(rows.rows()), 1.0),
      square_(cap_.size()),
      share_(cap_.size(), 0.0),
      sums_(standardization.scale != nullptr ? static_cast<std::size_t>(rows.columns()) : 0, 0.0),
      coef_(static_cast<std::size_t>(rows.columns()), 0.0) {
  if (targets.weight != nullptr) cap_.assign(targets.weight, targets.weight + rows.rows());
  double total = 0.0;
  for (const double s : cap_) total += s;
  for (std::size_t i = 0; i < cap_.size(); ++i) {
    cap_[i] /= total;
    square_[i] = rows.row_norm(static_cast<std::int64_t>(i), standardization.center, standardization.scale);
  }
}

void LogisticAscent::start_at(double intercept, bool fit_intercept) {
  constexpr double stiff = 1000.0;  // against the curvature of F in the intercept, which is at most 1/4
  multiplier_ = fit_intercept ? intercept : 0.0;
  double mean_square = 0.0;
  for (std::size_t i = 0; i < cap_.size(); ++i) mean_square += cap_[i] * square_[i];
  stiffness_ = fit_intercept ? std::min(stiff, mean_square / l2_) : 0.0;
}

void LogisticAscent::epoch(std::uint64_t seed, int number, Monitor& monitor) {
  constexpr std::int64_t run = 16, runs_between_looks = 64;
  const std::int64_t n = rows_.rows(), runs = (n + run - 1) / run;
  const Permutation order(runs, seed, static_cast<std::uint64_t>(number));
  multiplier_ += balance_ * stiffness_;
  distance_ = slope_ = 0.0;
  for (std::int64_t position = 0; position < runs; ++position) {
    if (position % runs_between_looks == 0) monitor.look_up();
    const std::int64_t begin = order(position) * run;
    for (std::int64_t row = begin; row < std::min(begin + run, n); ++row) visit(row);
  }
}

void LogisticAscent::visit(std::int64_t row) {
  const auto i = static_cast<std::size_t>(row);
  const double cap = cap_[i], y = y_[row];
  if (cap == 0.0) return;
  const double b = multiplier_ + balance_ * stiffness_;
  const double margin = y * (rows_.row_dot(row, standardization_.center, coef_.data()) + b);
  double slope = 0.0;
  const double share =
      kernels::table().logistic_share(margin, share_[i], cap * (square_[i] / l2_ + stiffness_), &slope);
  const double off = cap * (slope - share_[i]);
  distance_ += off * off * square_[i];
  if (stiffness_ > 0.0) slope_ += cap * slope * y;
  move(row, cap * y * (share - share_[i]));
  balance_ += cap * y * (share - share_[i]);
  share_[i] = share;
}

void LogisticAscent::move(std::int64_t row, double change) {
  if (change == 0.0) return;
  if (standardization_.scale == nullptr) {
    rows_.row_axpy(row, standardization_.center, change / l2_, coef_.data());
  } else {
    rows_.row_axpy(row, standardization_.center, change, sums_.data());
    rows_.refresh(row, {standardization_.scale, 0.0, l2_}, sums_.data(), coef_.data());
  }
}

bool LogisticAscent::run(double enough, std::uint64_t seed, Monitor& monitor) {
  constexpr int most_epochs = 100, at_least = 3;
  constexpr double slow = 0.75;
  double last = std::numeric_limits<double>::infinity();
  while (epochs_ < most_epochs) {
    epoch(seed, epochs_++, monitor);
    if (distance_ + slope_ * slope_ <= enough * enough) return true;
    if (!(distance_ <= slow * slow * last) && epochs_ >= at_least) return false;
    last = distance_;
  }
  return false;
}

void LogisticAscent::parameters(Vector& x) const {
  x.assign(coef_.begin(), coef_.end());
  for (std::size_t j = 0; standardization_.scale != nullptr && j < x.size(); ++j) {
    x[j] = standardization_.scale[j] * sums_[j] / l2_;
  }
  x.push_back(multiplier_ + balance_ * stiffness_);
}

}  // namespace gradstream::solvers
