// The systems of equations of least squares, as conjugate gradients see them: products with all rows.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>

#include "solvers/gram_sums.hpp"
#include "solvers/joint_squares.hpp"
#include "solvers/row_access.hpp"
#include "solvers/row_sums.hpp"
#include "solvers/vectors.hpp"

namespace gradstream::solvers {

/// Targets less their means: (n, m).
struct CentredTargets {
  Vector mean;
  Vector y;
  Vector mean_square;
  double weight = 0.0;

  CentredTargets(const GramRows& rows, std::int64_t n, bool fit_intercept);
};

/// The systems (A + l2_k) w_k = b_k, A = D X'S X D / weight, columns centred where there is an intercept, D = scale.
class JointSystems {
 public:
  JointSystems(const JointSquares& problem, int n_threads);

  std::size_t targets() const { return m_; }
  const Vector& rhs() const { return rhs_; }
  bool finite() const { return all_finite(static_cast<std::int64_t>(d_), variance_.data()); }
  double mean_square(std::size_t k) const { return targets_.mean_square[k]; }
  double inverse_diagonal(std::size_t j, std::size_t k) const {
    const double diagonal = std::max(variance_[j], floor_) + problem_.l2[k];
    return unit_[j] != 0.0 && diagonal > 0.0 ? 1.0 / diagonal : 0.0;
  }

  /// product = (A + l2) direction, (d, m) both.
  void multiply(const Vector& direction, Vector& product);
  double intercept(const Vector& w, std::size_t k) const;

 private:
  /// What dense columns lose on the way; of sparse ones it is taken from sums, for they are not filled.
  const double* center() const { return !access_->sparse() && problem_.fit_intercept ? mean_.data() : nullptr; }
  /// Without any deviation but rounding a column has no effect.
  void take_unit(std::size_t j, double variance, double rounding);
  /// From the sums of s x, s x^2, s x y.
  void take_sparse_column(std::size_t j, const double* sums);
  void take_dense_columns(int n_threads);

  const JointSquares& problem_;
  std::unique_ptr<RowAccess> access_;
  std::size_t d_, m_;
  CentredTargets targets_;
  GradientPass pass_;
  Vector mean_, unit_, variance_, rhs_;  // of columns; (d, m)
  Vector way_, intercept_, taken_;       // of a product
  double floor_ = 0.0;                   // of the diagonal that preconditions
};

}  // namespace gradstream::solvers
