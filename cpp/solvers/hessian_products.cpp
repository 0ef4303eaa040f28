#include "solvers/hessian_products.hpp"

#include <algorithm>

#include "solvers/row_curvature.hpp"

namespace gradstream::solvers {
namespace {

constexpr std::int64_t kSampleStride = 8;

/// Every eighth of many rows.
std::vector<std::int64_t> sampled_rows(const RowAccess& rows) {
  constexpr std::int64_t many = 1 << 14;
  std::vector<std::int64_t> sample;
  if (rows.sparse() || rows.rows() < many) return sample;
  for (std::int64_t row = 0; row < rows.rows(); row += kSampleStride) sample.push_back(row);
  return sample;
}

std::size_t parameters_of(const RowAccess& rows, const LossSpec& loss) {
  return static_cast<std::size_t>((rows.columns() + 1) * loss.columns);
}

}  // namespace

HessianProducts::HessianProducts(const RowAccess& rows, const LossSpec& loss, const kernels::Targets& targets,
                                 GradientPass& pass)
    : rows_(rows),
      loss_(loss),
      targets_(targets),
      pass_(pass),
      margins_(static_cast<std::size_t>(rows.rows() * loss.columns)),
      curvatures_(margins_.size()),
      sampled_(sampled_rows(rows)) {}

bool HessianProducts::kept_at(const double* parameters) const {
  return !point_.empty() && std::equal(point_.begin(), point_.end(), parameters);
}

double* HessianProducts::margins_of(const double* parameters) {
  point_.assign(parameters, parameters + parameters_of(rows_, loss_));
  return margins_.data();
}

void HessianProducts::make_margins(const kernels::LinearModel& model) {
  const std::int64_t K = loss_.columns;
  const auto coefficients = static_cast<std::size_t>(rows_.columns() * K);
  if (std::all_of(model.coef, model.coef + coefficients, [](double w) { return w == 0.0; })) {
    for (std::size_t at = 0; at < margins_.size(); ++at)
      margins_[at] = model.intercept[at % static_cast<std::size_t>(K)];
    return;
  }
  pass_.each_block([&](RowSet rows, double* workspace) {
    rows_.margins(rows, model, K, margins_.data() + rows.begin * K, workspace);
  });
}

void HessianProducts::measure(const double* parameters, const kernels::LinearModel& model) {
  if (!kept_at(parameters)) {
    margins_of(parameters);
    make_margins(model);
  }
  pass_.each_block([&](RowSet rows, double*) {
    constexpr std::int64_t tile = 64;
    RowCurvature row_curvature(loss_);
    for (std::int64_t first = rows.begin, end = first + rows.count; first < end; first += tile) {
      const double* weight = targets_.weight != nullptr ? targets_.weight + first : nullptr;
      row_curvature.compact(std::min(tile, end - first), margins_.data() + first * loss_.columns,
                            {targets_.y + first, weight}, curvatures_.data() + first * loss_.columns);
    }
  });
}

kernels::RowCurvatures HessianProducts::curvatures() const {
  return {curvatures_.data(), targets_.weight, loss_.kind == ColumnsKind::softmax};
}

void HessianProducts::diagonal(const double* center, kernels::GradientSums& sums) {
  const std::int64_t K = loss_.columns;
  pass_.run(
      [&](RowSet rows, kernels::GradientSums& part, double* workspace) {
        if (!sampled_.empty()) {
          const std::int64_t first = (rows.begin + kSampleStride - 1) / kSampleStride;
          const std::int64_t end = (rows.begin + rows.count + kSampleStride - 1) / kSampleStride;
          rows = {first, end - first, sampled_.data(), static_cast<std::int64_t>(sampled_.size())};
        }
        rows_.curvature_diagonal(rows, center, K, curvatures(), part, workspace);
      },
      sums);
  if (sampled_.empty()) return;
  const std::int64_t coefficients = rows_.columns() * K;
  for (std::int64_t at = 0; at < coefficients; ++at) sums.coef[at] *= kSampleStride;
  for (std::int64_t k = 0; k < K; ++k) sums.intercept[k] *= kSampleStride;
}

void HessianProducts::product(const kernels::LinearModel& direction, kernels::GradientSums& sums) {
  pass_.run(
      [&](RowSet rows, kernels::GradientSums& part, double* workspace) {
        rows_.curvature_product(rows, direction, loss_.columns, curvatures(), part, workspace);
      },
      sums);
}

}  // namespace gradstream::solvers
