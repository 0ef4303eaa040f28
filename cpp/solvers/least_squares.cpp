#include "solvers/least_squares.hpp"

#include <algorithm>
#include <limits>

#include "solvers/blocked_cholesky.hpp"
#include "solvers/small_dense.hpp"

namespace gradstream::solvers {
namespace {

/// The normal equations of all targets: A w = rhs in scaled units, l2 apart.
class NormalEquations {
 public:
  explicit NormalEquations(const LeastSquares& problem)
      : problem_(problem),
        d_(static_cast<std::size_t>(problem.features)),
        m_(static_cast<std::size_t>(problem.targets)),
        unit_(d_),
        a_(d_ * d_) {
    for (std::size_t j = 0; j < d_; ++j) unit_[j] = constant(j) ? 0.0 : scale(j);
    for (std::size_t j = 0; j < d_; ++j) {
      for (std::size_t i = 0; i < d_; ++i) {
        a_[j * d_ + i] = unit_[j] * unit_[i] * mean_product(problem.products[j * d_ + i], j, i);
      }
    }
  }

  std::size_t features() const { return d_; }
  double scale(std::size_t j) const { return problem_.scale != nullptr ? problem_.scale[j] : 1.0; }

  Vector right_side(std::size_t k) const {
    Vector rhs(d_);
    for (std::size_t j = 0; j < d_; ++j) {
      rhs[j] = unit_[j] * mean_product(problem_.cross[j * m_ + k], j, d_ + k);
    }
    return rhs;
  }

  double mean_square(std::size_t k) const { return mean_product(problem_.squares[k], d_ + k, d_ + k); }

  /// rhs - (A + l2) w
  Vector residual(const Vector& rhs, double l2, const Vector& w) const {
    Vector out(rhs);
    for (std::size_t j = 0; j < d_; ++j) out[j] -= dot(a_.data() + j * d_, w.data(), d_) + l2 * w[j];
    return out;
  }

  /// Cholesky factor of A + l2 and the least share of a diagonal element that is left; 0 where it is singular.
  double factorise_with(double l2, Vector& factor) const {
    factor = a_;
    for (std::size_t j = 0; j < d_; ++j) {
      double& diagonal = factor[j * d_ + j];
      diagonal += l2;
      if (unit_[j] == 0.0) diagonal = 1.0;
    }
    if (!factorise_blocked(d_, factor.data())) return 0.0;
    double least = 1.0;
    for (std::size_t j = 0; j < d_; ++j) {
      const double left = factor[j * d_ + j] * factor[j * d_ + j];
      const double whole = unit_[j] == 0.0 ? 1.0 : a_[j * d_ + j] + l2;
      least = std::min(least, left / whole);
    }
    return least;
  }

  double intercept(const Vector& w, std::size_t k) const {
    if (!problem_.fit_intercept) return 0.0;
    double b = problem_.mean[d_ + k];
    for (std::size_t j = 0; j < d_; ++j) b -= problem_.mean[j] * (scale(j) * w[j]);
    return b;
  }

 private:
  /// Mean product of two columns as margins see them: of deviations where an intercept takes the means up.
  double mean_product(double sum, std::size_t a, std::size_t b) const {
    const double central = sum / problem_.weight;
    return problem_.fit_intercept ? central : central + problem_.mean[a] * problem_.mean[b];
  }

  /// Its deviation is at the level of rounding of its mean (numerics.md).
  bool constant(std::size_t j) const {
    constexpr double rounding = 16.0 * std::numeric_limits<double>::epsilon();
    const double floor = rounding * problem_.mean[j];
    const double variance = problem_.products[j * d_ + j] / problem_.weight;
    return problem_.fit_intercept ? !(variance > floor * floor) : variance + problem_.mean[j] * problem_.mean[j] == 0.0;
  }

  const LeastSquares& problem_;
  std::size_t d_, m_;
  Vector unit_;  // of columns; 0: no effect
  Vector a_;     // (d, d)
};

}  // namespace

LeastSquaresFit least_squares(const LeastSquares& problem) {
  const NormalEquations equations(problem);
  const std::size_t d = equations.features(), m = static_cast<std::size_t>(problem.targets);
  LeastSquaresFit fit{Vector(d * m), Vector(m), Vector(m), Vector(m), 1.0};
  Vector factor;
  for (std::size_t k = 0; k < m; ++k) {
    const double l2 = problem.l2[k];
    if (k == 0 || l2 != problem.l2[k - 1]) fit.pivot = std::min(fit.pivot, equations.factorise_with(l2, factor));
    if (fit.pivot == 0.0) return fit;
    const Vector rhs = equations.right_side(k);
    Vector w = rhs;
    solve(d, factor.data(), w.data());
    Vector left = equations.residual(rhs, l2, w);
    solve(d, factor.data(), left.data());
    axpy(1.0, left, w);
    const double gradient = norm(equations.residual(rhs, l2, w)), scale = norm(rhs);
    for (std::size_t j = 0; j < d; ++j) fit.coef[j * m + k] = w[j];
    fit.intercept[k] = equations.intercept(w, k);
    fit.objective[k] = std::max(0.0, 0.5 * (equations.mean_square(k) - dot(rhs, w)));
    fit.optimality[k] = gradient / std::max(scale, std::numeric_limits<double>::min());
  }
  return fit;
}

}  // namespace gradstream::solvers
