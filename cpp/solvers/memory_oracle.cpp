#include "solvers/memory_oracle.hpp"

#include <algorithm>
#include <limits>

namespace gradstream::solvers {
namespace {

double sum_of_weights(const kernels::Targets& targets, std::int64_t rows) {
  if (targets.weight == nullptr) return static_cast<double>(rows);
  double total = 0.0;
  for (std::int64_t i = 0; i < rows; ++i) total += targets.weight[i];
  return total;
}

}  // namespace

MemoryOracle::MemoryOracle(const RowAccess& rows, const kernels::Targets& targets, const Spec& spec,
                           const Standardization& standardization, int n_threads)
    : rows_(rows),
      targets_(targets),
      spec_(spec),
      standardization_(standardization),
      features_(rows.columns()),
      columns_(spec.loss.columns),
      total_weight_(sum_of_weights(targets, rows.rows())),
      coef_(standardization.scale != nullptr ? static_cast<std::size_t>(rows.columns() * spec.loss.columns) : 0),
      n_threads_(n_threads),
      bytes_(rows.bytes()),
      pass_(rows, spec.loss, targets, n_threads) {}

kernels::LinearModel MemoryOracle::model_at(const double* parameters) {
  return {in_units_of_x(parameters, columns_, standardization_, coef_), standardization_.center,
          parameters + coefficients()};
}

double MemoryOracle::value_gradient(const double* parameters, double* gradient) {
  const auto model = model_at(parameters);
  kernels::GradientSums sums{gradient, gradient + coefficients()};
  if (products_) sums.margins = products_->margins_of(parameters);
  pass_.run(model, sums);
  return mean_with_penalty(parameters, sums);
}

std::pair<double, double> MemoryOracle::value_gradient_and_blank(const double* parameters, double* gradient,
                                                                 const double* blank, double* blank_gradient) {
  if (rows_.sparse() || columns_ != 1 || products_) {
    return Oracle::value_gradient_and_blank(parameters, gradient, blank, blank_gradient);
  }
  kernels::BlankSums beside{blank[features_], blank_gradient};
  kernels::GradientSums sums{gradient, gradient + features_};
  sums.blank = &beside;
  pass_.run(model_at(parameters), sums);
  kernels::GradientSums at_blank{blank_gradient, blank_gradient + features_, beside.loss};
  *at_blank.intercept = beside.slope;
  return {mean_with_penalty(parameters, sums), mean_with_penalty(blank, at_blank)};
}

double MemoryOracle::mean_with_penalty(const double* parameters, kernels::GradientSums& sums) const {
  const double squares = add_penalty(parameters, sums);
  return sums.loss / total_weight_ + 0.5 * spec_.penalty.l2 * squares;
}

double MemoryOracle::add_penalty(const double* parameters, kernels::GradientSums& sums) const {
  const double l2 = spec_.penalty.l2;
  double squares = 0.0;
  for (std::int64_t j = 0; j < features_; ++j) {
    const double factor = (standardization_.scale != nullptr ? standardization_.scale[j] : 1.0) / total_weight_;
    for (std::int64_t at = j * columns_; at < (j + 1) * columns_; ++at) {
      sums.coef[at] = factor * sums.coef[at] + l2 * parameters[at];
      squares += parameters[at] * parameters[at];
    }
  }
  for (std::int64_t k = 0; k < columns_; ++k) {
    sums.intercept[k] = spec_.fit_intercept ? sums.intercept[k] / total_weight_ : 0.0;
  }
  return squares;
}

void MemoryOracle::expect_products() {
  if (!products_) products_ = std::make_unique<HessianProducts>(rows_, spec_.loss, targets_, pass_);
}

void MemoryOracle::prepare_products(const double* parameters, double* diagonal) {
  expect_products();
  products_->measure(parameters, model_at(parameters));
  kernels::GradientSums sums{diagonal, diagonal + coefficients()};
  products_->diagonal(standardization_.center, sums);
  for (std::int64_t at = 0; at < coefficients(); ++at) {
    const double scale = standardization_.scale != nullptr ? standardization_.scale[at / columns_] : 1.0;
    diagonal[at] = scale * scale / total_weight_ * diagonal[at] + spec_.penalty.l2;
  }
  for (std::int64_t k = 0; k < columns_; ++k) {
    sums.intercept[k] = spec_.fit_intercept ? sums.intercept[k] / total_weight_ : 0.0;
  }
}

void MemoryOracle::hessian_product(const double* direction, double* product) {
  kernels::GradientSums sums{product, product + coefficients()};
  products_->product(model_at(direction), sums);
  add_penalty(direction, sums);
}

double MemoryOracle::gradient_cost() const { return pass_ns(rows_, columns_); }

double MemoryOracle::curvature_cost() const {
  constexpr std::int64_t largest = 512;
  if (size() > largest) return std::numeric_limits<double>::infinity();
  return curvature_sums_ns(rows_.rows(), features_ + 1, columns_, ColumnPairs::all) + losses_ns();
}

double MemoryOracle::losses_ns() const {
  return 15.0 * static_cast<double>(columns_) * static_cast<double>(rows_.rows());
}

double MemoryOracle::blocks_cost() const {
  constexpr double always = 1 << 20, share = 0.05;  // of X's memory
  const auto p = static_cast<double>(features_ + 1), values = static_cast<double>(rows_.stored());
  if (static_cast<double>(columns_) * p * p > std::max(always, share * values)) {
    return std::numeric_limits<double>::infinity();
  }
  return curvature_sums_ns(rows_.rows(), features_ + 1, columns_, ColumnPairs::alike) + losses_ns();
}

CurvatureSums& MemoryOracle::sum_curvature(const double* parameters, Bends bends, std::unique_ptr<CurvaturePass>& pass,
                                           ColumnPairs pairs) {
  if (!pass) {
    constexpr std::int64_t always = 1 << 20, share = 20;  // bytes, and of X's
    const CurvatureRows problem{rows_,
                                targets_,
                                spec_.loss,
                                standardization_,
                                spec_.fit_intercept ? 1.0 : 0.0,
                                std::max(always, bytes_ / share)};
    pass = std::make_unique<CurvaturePass>(problem, pairs, n_threads_);
  }
  return pass->run(model_at(parameters), bends);
}

void MemoryOracle::curvature(const double* parameters, double* hessian) {
  write_curvature(parameters, Bends::upward, hessian);
}

bool MemoryOracle::bent_curvature(const double* parameters, double* hessian) {
  if (spec_.loss.convex) return false;
  write_curvature(parameters, Bends::own, hessian);
  return true;
}

void MemoryOracle::write_curvature(const double* parameters, Bends bends, double* hessian) {
  sum_curvature(parameters, bends, curvature_pass_, ColumnPairs::all).write(1.0 / total_weight_, hessian);
  for (std::int64_t at = 0; at < coefficients(); ++at) hessian[at * size() + at] += spec_.penalty.l2;
  pin_free_directions(hessian);
}

std::optional<double> MemoryOracle::shift_curvature() const {
  if (spec_.loss.kind != ColumnsKind::softmax) return std::nullopt;
  return spec_.penalty.l2;
}

void MemoryOracle::curvature_blocks(const double* parameters, double* blocks) {
  const auto p = static_cast<std::size_t>(features_ + 1);
  constexpr double little = 1e-6;  // where a block has no curvature, as in pin_free_directions
  sum_curvature(parameters, Bends::upward, block_pass_, ColumnPairs::alike).write_blocks(1.0 / total_weight_, blocks);
  for (std::size_t row = 0; row < p * static_cast<std::size_t>(columns_); ++row) {
    double& entry = blocks[row * p + row % p];
    if (row % p < p - 1) entry += spec_.penalty.l2;
    if (entry == 0.0) entry = little;
  }
}

/// Adding one number to all columns of an unpenalised feature leaves a softmax as it is. A constant column and a
/// missing intercept have no effect at all, a feature none where the loss is flat: a little curvature, so that an l1
/// penalty still has its way.
void MemoryOracle::pin_free_directions(double* hessian) const {
  constexpr double little = 1e-6;
  const std::int64_t K = columns_;
  const bool softmax = spec_.loss.kind == ColumnsKind::softmax;
  const bool penalised = spec_.penalty.l2 > 0.0 || spec_.penalty.l1 > 0.0;
  const auto entry = [&](std::int64_t row, std::int64_t column) -> double& { return hessian[row * size() + column]; };
  for (std::int64_t j = 0; j <= features_; ++j) {
    double trace = 0.0;
    for (std::int64_t at = j * K; at < (j + 1) * K; ++at) trace += entry(at, at);
    const bool shift_is_free = softmax && (j == features_ || !penalised);
    const double pin = shift_is_free ? trace / static_cast<double>(K * K) : 0.0;
    for (std::int64_t row = j * K; row < (j + 1) * K; ++row) {
      for (std::int64_t column = j * K; column <= row; ++column) entry(row, column) += pin;
      if (entry(row, row) == 0.0) entry(row, row) = little;
    }
  }
}

}  // namespace gradstream::solvers
