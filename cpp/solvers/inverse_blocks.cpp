#include "solvers/inverse_blocks.hpp"

#include <numeric>

#include "solvers/small_dense.hpp"

namespace gradstream::solvers {
namespace {

constexpr int kFirst = 10;  // iterations

}  // namespace

InverseBlocks::InverseBlocks(const Oracle& oracle)
    : columns_(static_cast<std::size_t>(oracle.intercepts())),
      p_(static_cast<std::size_t>(oracle.coefficients()) / columns_ + 1),
      factors_(columns_ * p_ * p_),
      column_(p_),
      shift_(oracle.shift_curvature()),
      next_(kFirst) {}

bool InverseBlocks::pay(const Oracle& oracle) {
  constexpr double gradients = 8.0;
  return oracle.intercepts() > 1 && oracle.blocks_cost() <= gradients * oracle.gradient_cost();
}

/// Blocks couple what is common to all columns of a feature with the rest; H does not.
void InverseBlocks::apply(Vector& v) const {
  Vector common;
  if (shift_) common = take_common(v);
  for (std::size_t k = 0; k < columns_; ++k) {
    for (std::size_t j = 0; j < p_; ++j) column_[j] = v[j * columns_ + k];
    solve(p_, factors_.data() + k * p_ * p_, column_.data());
    for (std::size_t j = 0; j < p_; ++j) v[j * columns_ + k] = column_[j];
  }
  if (!shift_) return;
  take_common(v);
  const double inverse = *shift_ > 0.0 ? 1.0 / *shift_ : 0.0;
  for (std::size_t at = 0; at < (p_ - 1) * columns_; ++at) v[at] += inverse * common[at / columns_];
}

Vector InverseBlocks::take_common(Vector& v) const {
  Vector common(p_);
  for (std::size_t j = 0; j < p_; ++j) {
    double* const row = v.data() + j * columns_;
    common[j] = std::accumulate(row, row + columns_, 0.0) / static_cast<double>(columns_);
    for (std::size_t k = 0; k < columns_; ++k) row[k] -= common[j];
  }
  return common;
}

bool InverseBlocks::ready(Oracle& oracle, const Vector& x, int iteration) {
  if (iteration < next_) return measured_;
  next_ *= 2;
  oracle.curvature_blocks(x.data(), factors_.data());
  measured_ = true;
  for (std::size_t k = 0; k < columns_; ++k) measured_ = measured_ && factorise(p_, factors_.data() + k * p_ * p_);
  return measured_;
}

}  // namespace gradstream::solvers
