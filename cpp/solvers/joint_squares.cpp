#include "solvers/joint_squares.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "solvers/joint_systems.hpp"

namespace gradstream::solvers {
namespace {

constexpr double kRounding = std::numeric_limits<double>::epsilon();

/// sum_j a_jk b_jk of every target.
Vector dots(const Vector& a, const Vector& b, std::size_t m) {
  Vector out(m, 0.0);
  if (m == 1) {
    out[0] = dot(a, b);
    return out;
  }
  for (std::size_t at = 0; at < a.size(); at += m) {
    for (std::size_t k = 0; k < m; ++k) out[k] += a[at + k] * b[at + k];
  }
  return out;
}

/// Preconditioned by the diagonal: columns of any scale cost no steps (Hestenes and Stiefel 1952; Saad 2003, 9.2).
class JointGradients {
 public:
  JointGradients(JointSystems& systems, double tol)
      : systems_(systems),
        m_(systems.targets()),
        tol_(tol),
        w_(systems.rhs().size(), 0.0),
        residual_(systems.rhs()),
        scaled_(w_.size()),
        way_(w_.size(), 0.0),
        product_(w_.size()),
        inner_(m_, 0.0),
        drift_(m_, 0.0),
        live_(m_, 1.0),
        products_(m_, 0) {
    for (std::size_t k = 0; k < m_; ++k) value_ += 0.5 * systems_.mean_square(k);
    size_ = dots(residual_, residual_, m_);
    for (double& size : size_) size = std::sqrt(size);
    left_ = size_;
  }

  Code run(Monitor& monitor) {
    bool finite = systems_.finite();
    for (const double size : size_) finite = finite && std::isfinite(size);
    if (!finite) return Code::non_finite;
    Code code = steps(monitor);
    // What is recurred leaves the truth by rounding: where that is more than a tenth of what is wanted, it is measured.
    for (int again = 0; code == Code::converged && !trustworthy(); ++again) {
      measure();
      if (met()) return Code::converged;
      if (again == kRestarts) return Code::no_progress;
      code = steps(monitor);
    }
    return code;
  }

  double optimality() const {
    double worst = 0.0;
    for (std::size_t k = 0; k < m_; ++k) worst = std::max(worst, optimality(k));
    return worst;
  }
  double optimality(std::size_t k) const { return left_[k] / std::max(size_[k], std::numeric_limits<double>::min()); }
  /// With the residual r = b - A w: (mean square - (b + r) w) / 2.
  Vector objectives() const {
    const Vector of_rhs = dots(systems_.rhs(), w_, m_), of_residual = dots(residual_, w_, m_);
    Vector out(m_);
    for (std::size_t k = 0; k < m_; ++k) {
      out[k] = std::max(0.0, 0.5 * (systems_.mean_square(k) - of_rhs[k] - of_residual[k]));
    }
    return out;
  }
  const Vector& coefficients() const { return w_; }
  const std::vector<std::int64_t>& products() const { return products_; }

 private:
  static constexpr int kRestarts = 5;

  bool met(std::size_t k) const { return !(left_[k] > tol_ * size_[k]); }
  bool met() const {
    for (std::size_t k = 0; k < m_; ++k) {
      if (!met(k)) return false;
    }
    return true;
  }
  bool trustworthy() const {
    for (std::size_t k = 0; k < m_; ++k) {
      if (kRounding * drift_[k] > 0.1 * tol_ * size_[k]) return false;
    }
    return true;
  }

  void measure() {
    systems_.multiply(w_, product_);
    const Vector& rhs = systems_.rhs();
    for (std::size_t at = 0; at < rhs.size(); ++at) residual_[at] = rhs[at] - product_[at];
    left_ = dots(residual_, residual_, m_);
    for (double& left : left_) left = std::sqrt(left);
    std::fill(drift_.begin(), drift_.end(), 0.0);
    std::fill(way_.begin(), way_.end(), 0.0);
    std::fill(inner_.begin(), inner_.end(), 0.0);
  }

  /// The next directions: those of targets that are done are 0.
  void turn() {
    for (std::size_t k = 0; k < m_; ++k) live_[k] = met(k) ? 0.0 : 1.0;
    for (std::size_t at = 0, j = 0; at < residual_.size(); at += m_, ++j) {
      for (std::size_t k = 0; k < m_; ++k) {
        scaled_[at + k] = live_[k] * systems_.inverse_diagonal(j, k) * residual_[at + k];
      }
    }
    const Vector now = dots(residual_, scaled_, m_);
    for (std::size_t k = 0; k < m_; ++k) keep_[k] = inner_[k] > 0.0 ? now[k] / inner_[k] : 0.0;
    for (std::size_t at = 0; at < way_.size(); at += m_) {
      for (std::size_t k = 0; k < m_; ++k) way_[at + k] = scaled_[at + k] + keep_[k] * way_[at + k];
    }
    inner_ = now;
  }

  Code steps(Monitor& monitor) {
    keep_.assign(m_, 0.0);
    Vector length(m_);
    while (!met()) {
      if (monitor.exhausted()) return Code::max_iter;
      monitor.look_up();
      turn();
      systems_.multiply(way_, product_);
      const Vector bend = dots(way_, product_, m_), squares = dots(product_, product_, m_);
      bool moved = false;
      for (std::size_t k = 0; k < m_; ++k) {
        length[k] = bend[k] > std::numeric_limits<double>::min() ? inner_[k] / bend[k] : 0.0;
        drift_[k] += length[k] * std::sqrt(squares[k]);
        products_[k] += live_[k] > 0.0 ? 1 : 0;
        moved = moved || length[k] > 0.0;
        value_ -= 0.5 * length[k] * inner_[k];
      }
      if (!moved) return Code::no_progress;
      for (std::size_t at = 0; at < w_.size(); at += m_) {
        for (std::size_t k = 0; k < m_; ++k) {
          w_[at + k] += length[k] * way_[at + k];
          residual_[at + k] -= length[k] * product_[at + k];
        }
      }
      left_ = dots(residual_, residual_, m_);
      for (double& left : left_) left = std::sqrt(left);
      if (!std::isfinite(value_)) return Code::non_finite;
      if (!monitor.record(std::max(0.0, value_), optimality())) return Code::interrupted;
    }
    return Code::converged;
  }

  JointSystems& systems_;
  std::size_t m_;
  double tol_;
  Vector w_, residual_, scaled_, way_, product_;      // (d, m)
  Vector size_, left_, inner_, keep_, drift_, live_;  // (m,): norms of b and of the residual, ...
  std::vector<std::int64_t> products_;
  double value_ = 0.0;  // of all targets, as steps lower it
};

}  // namespace

JointFit joint_squares(const JointSquares& problem, const JointOptions& options, Monitor& monitor) {
  JointSystems systems(problem, options.n_threads);
  JointGradients gradients(systems, options.tol);
  JointFit fit;
  fit.status = gradients.run(monitor);
  fit.coef = gradients.coefficients();
  fit.objective = gradients.objectives();
  fit.products = gradients.products();
  for (std::size_t k = 0; k < systems.targets(); ++k) {
    fit.intercept.push_back(problem.fit_intercept ? systems.intercept(fit.coef, k) : 0.0);
    fit.optimality.push_back(gradients.optimality(k));
  }
  return fit;
}

}  // namespace gradstream::solvers
