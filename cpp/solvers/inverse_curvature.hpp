// The inverse Hessian of an oracle, by its Cholesky factor.
#pragma once

#include "solvers/inverse_hessian.hpp"
#include "solvers/small_dense.hpp"

namespace gradstream::solvers {

class InverseCurvature final : public InverseHessian {
 public:
  explicit InverseCurvature(std::size_t size) : size_(size), factor_(size * size), diagonal_(size) {}

  /// Factorises H of the oracle at x. A singular H is given a ridge: large enough that rounding does not move what the
  /// data leave open. Where the loss is not convex H is what it is while that is positive definite. False when nothing
  /// has a factor.
  bool measure(Oracle& oracle, const Vector& x) {
    if (oracle.bent_curvature(x.data(), factor_.data()) && factorise(size_, factor_.data())) return true;
    if (factorised(oracle, x, 0.0)) return true;
    double trace = 0.0;
    for (const double entry : diagonal_) trace += entry;
    return factorised(oracle, x, 1e-6 * trace / static_cast<double>(size_));
  }

  /// v = H^-1 v.
  void apply(Vector& v) const override { solve(size_, factor_.data(), v.data()); }

  /// direction = -H^-1 gradient.
  void descend(const Vector& gradient, Vector& direction) const {
    direction.resize(size_);
    for (std::size_t j = 0; j < size_; ++j) direction[j] = -gradient[j];
    apply(direction);
  }

 private:
  bool factorised(Oracle& oracle, const Vector& x, double ridge) {
    oracle.curvature(x.data(), factor_.data());
    for (std::size_t j = 0; j < size_; ++j) {
      diagonal_[j] = factor_[j * size_ + j];
      factor_[j * size_ + j] += ridge;
    }
    return factorise(size_, factor_.data());
  }

  std::size_t size_;
  Vector factor_, diagonal_;
};

}  // namespace gradstream::solvers
