#include "solvers/hinge_envelope.hpp"

#include <algorithm>
#include <limits>

#include "parallel/interruption.hpp"
#include "solvers/curvature_sums.hpp"

namespace gradstream::solvers {

HingeEnvelope::HingeEnvelope(const HingeProblem& problem, const Vector& share, double sharpness)
    : problem_(problem),
      share_(share),
      sharpness_(sharpness),
      coef_(problem.features()),
      t_(problem.size()),
      x_(problem.features() + 1),
      workspace_(static_cast<std::size_t>(problem.rows.workspace(1))) {}

void HingeEnvelope::update_positions(const double* parameters) {
  const auto& standardization = problem_.standardization;
  const double* coef = in_units_of_x(parameters, 1, standardization, coef_);
  problem_.rows.margins({0, problem_.rows.rows()}, {coef, standardization.center, parameters + coefficients()}, 1,
                        t_.data(), workspace_.data());
  for (std::size_t i = 0; i < t_.size(); ++i) t_[i] = share_[i] + sharpness_ * (1.0 - problem_.y[i] * t_[i]);
}

double HingeEnvelope::value_gradient(const double* parameters, double* gradient) {
  update_positions(parameters);
  const auto& standardization = problem_.standardization;
  const std::size_t features = problem_.features();
  std::fill_n(gradient, features + 1, 0.0);
  double loss = 0.0;
  for (std::size_t i = 0; i < t_.size(); ++i) {
    parallel::look_for_interruption(i);
    if (problem_.cap[i] == 0.0) continue;
    const double t = t_[i];
    const double inside = std::clamp(t, 0.0, 1.0);
    loss += problem_.cap[i] * (inside * (2.0 * t - inside) - share_[i] * share_[i]);
    if (inside == 0.0) continue;
    const double r = -problem_.cap[i] * inside * problem_.y[i];
    problem_.rows.row_axpy(static_cast<std::int64_t>(i), standardization.center, r, gradient);
    gradient[features] += r;
  }
  const double l2 = problem_.penalty.l2;
  double squares = 0.0;
  for (std::size_t j = 0; j < features; ++j) {
    if (standardization.scale != nullptr) gradient[j] *= standardization.scale[j];
    gradient[j] += l2 * parameters[j];
    squares += parameters[j] * parameters[j];
  }
  if (!problem_.fit_intercept) gradient[features] = 0.0;
  return loss / (2.0 * sharpness_) + 0.5 * l2 * squares;
}

double HingeEnvelope::gradient_cost() const {
  return 2.0 * static_cast<double>(problem_.rows.stored()) + 10.0 * static_cast<double>(problem_.size());
}

double HingeEnvelope::curvature_cost() const {
  constexpr std::size_t largest = 512;
  if (problem_.features() >= largest) return std::numeric_limits<double>::infinity();
  return curvature_sums_ns(problem_.rows.rows(), coefficients() + 1, 1, ColumnPairs::all);
}

void HingeEnvelope::curvature(const double* parameters, double* hessian) {
  constexpr double little = 1e-6;  // where the envelope is flat
  update_positions(parameters);
  const std::size_t width = x_.size();
  CurvatureSums sums(width, 1, ColumnPairs::all);
  for (std::size_t i = 0; i < t_.size(); ++i) {
    parallel::look_for_interruption(i);
    const double bend = sharpness_ * problem_.cap[i];
    if (bend == 0.0 || t_[i] <= 0.0 || t_[i] >= 1.0) continue;
    load_standard_row(problem_.rows, problem_.standardization, static_cast<std::int64_t>(i),
                      problem_.fit_intercept ? 1.0 : 0.0, x_);
    sums.add(x_, &bend);
  }
  sums.write(1.0, hessian);
  for (std::size_t j = 0; j < width; ++j) {
    double& diagonal = hessian[j * width + j];
    if (j + 1 < width) diagonal += problem_.penalty.l2;
    if (diagonal == 0.0) diagonal = little;
  }
}

Vector HingeEnvelope::shares_at(const double* parameters) {
  update_positions(parameters);
  Vector shares(t_.size());
  for (std::size_t i = 0; i < t_.size(); ++i) shares[i] = problem_.cap[i] > 0.0 ? std::clamp(t_[i], 0.0, 1.0) : 0.0;
  return shares;
}

}  // namespace gradstream::solvers
