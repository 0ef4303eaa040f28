#include "solvers/quadratic_model.hpp"

#include <algorithm>

#include "solvers/small_dense.hpp"

namespace gradstream::solvers {
namespace {

/// The change that stops at the first zero on the way.
Vector up_to_first_zero(const Vector& at, Vector change) {
  double way = 1.0;
  std::size_t first = at.size();
  for (std::size_t j = 0; j < at.size(); ++j) {
    if (at[j] * (at[j] + change[j]) < 0.0 && -at[j] / change[j] < way) {
      way = -at[j] / change[j];
      first = j;
    }
  }
  for (double& value : change) value *= way;
  if (first < at.size()) change[first] = -at[first];
  return change;
}

/// The change in which coefficients that would change their sign become 0.
Vector kept_in_signs(const Vector& at, Vector change, std::size_t coefficients) {
  for (std::size_t j = 0; j < coefficients; ++j) {
    if (at[j] * (at[j] + change[j]) < 0.0) change[j] = -at[j];
  }
  return change;
}

}  // namespace

void QuadraticModel::load_curvature(Oracle& oracle, const Point& point) {
  oracle.curvature(point.x.data(), hessian_.data());
  double trace = 0.0;
  for (std::size_t j = 0; j < size_; ++j) {
    diagonal_[j] = hessian_[j * size_ + j];
    trace += diagonal_[j];
    for (std::size_t i = 0; i < j; ++i) hessian_[i * size_ + j] = hessian_[j * size_ + i];
  }
  mean_curvature_ = trace > 0.0 ? trace / static_cast<double>(size_) : 1.0;
}

const Vector& QuadraticModel::minimise(const Point& point, double damping, double exactness) {
  constexpr int rounds = 200, sweeps = 10;
  for (std::size_t j = 0; j < size_; ++j) hessian_[j * size_ + j] = diagonal_[j] + damping * mean_curvature_;
  slope_ = point.gradient;
  at_ = point.x;
  for (int round = 0; round < rounds; ++round) {
    double moved = sweep();
    for (int more = 1; more < sweeps && moved > exactness; ++more) moved = sweep();
    if (moved <= exactness) break;
    while (solve_active()) {
    }
  }
  for (std::size_t j = 0; j < size_; ++j) step_[j] = at_[j] - point.x[j];
  return step_;
}

/// One visit of every coordinate; the largest change times its curvature.
double QuadraticModel::sweep() {
  double largest = 0.0;
  for (std::size_t j = 0; j < size_; ++j) {
    const double* row = hessian_.data() + j * size_;
    const double change = soft_threshold(row[j] * at_[j] - slope_[j], threshold(j)) / row[j] - at_[j];
    if (change == 0.0) continue;
    at_[j] = std::abs(change + at_[j]) > 1e-15 * std::abs(at_[j]) ? at_[j] + change : 0.0;
    for (std::size_t i = 0; i < size_; ++i) slope_[i] += change * row[i];
    largest = std::max(largest, std::abs(change) * row[j]);
  }
  return largest;
}

/// Minimises over the coordinates that are not 0, signs kept. True when that made another coefficient 0: worth another
/// try.
bool QuadraticModel::solve_active() {
  std::vector<std::size_t> active;
  for (std::size_t j = 0; j < size_; ++j) {
    if (j >= coefficients_ || at_[j] != 0.0) active.push_back(j);
  }
  const std::size_t n = active.size();
  Vector factor(n * n), solution(n), change(size_, 0.0);
  for (std::size_t row = 0; row < n; ++row) {
    const std::size_t j = active[row];
    solution[row] = -slope_[j] - (at_[j] > 0.0 ? threshold(j) : -threshold(j));
    for (std::size_t column = 0; column <= row; ++column)
      factor[row * n + column] = hessian_[j * size_ + active[column]];
  }
  if (!factorise(n, factor.data())) return false;
  solve(n, factor.data(), solution.data());
  for (std::size_t row = 0; row < n; ++row) change[active[row]] = solution[row];
  const Vector kept = kept_in_signs(at_, change, coefficients_);
  if (kept == change) {
    apply(change);
    return false;
  }
  const Vector short_change = up_to_first_zero(at_, change);
  const bool far = gain(kept) <= gain(short_change);
  apply(far ? kept : short_change);
  return true;
}

/// Change of the model's value.
double QuadraticModel::gain(const Vector& change) const {
  double total = 0.0;
  for (std::size_t j = 0; j < size_; ++j) {
    if (change[j] == 0.0) continue;
    const double curved = dot(hessian_.data() + j * size_, change.data(), size_);
    total += change[j] * (slope_[j] + 0.5 * curved) + threshold(j) * (std::abs(at_[j] + change[j]) - std::abs(at_[j]));
  }
  return total;
}

void QuadraticModel::apply(const Vector& change) {
  for (std::size_t j = 0; j < size_; ++j) {
    if (change[j] == 0.0) continue;
    at_[j] += change[j];
    const double* row = hessian_.data() + j * size_;
    for (std::size_t i = 0; i < size_; ++i) slope_[i] += change[j] * row[i];
  }
}

}  // namespace gradstream::solvers
