#include "solvers/row_sample.hpp"

#include <algorithm>

namespace gradstream::solvers {

std::int64_t sample_size(const RowAccess& rows, const Oracle& oracle) {
  constexpr double newton_steps = 7.0, gradients = 3.0;  // about what it takes, and what that may cost
  constexpr double rows_per_parameter = 8.0, share = 1.0 / 20.0;
  if (rows.sparse() || rows.rows() == 0) return 0;
  const auto n = static_cast<double>(rows.rows());
  const double affordable = gradients * oracle.gradient_cost() / (newton_steps * oracle.curvature_cost() / n);
  const double count = std::min(affordable, share * n);
  return count >= rows_per_parameter * static_cast<double>(oracle.size()) ? static_cast<std::int64_t>(count) : 0;
}

RowSample::RowSample(const RowAccess& rows, const kernels::Targets& targets, const Spec& spec,
                     const Standardization& standardization, std::int64_t count) {
  const std::int64_t d = rows.columns();
  const double stride = static_cast<double>(rows.rows()) / static_cast<double>(count);
  Vector row(static_cast<std::size_t>(d + 1));
  x_.reserve(static_cast<std::size_t>(count * d));
  for (std::int64_t i = 0; i < count; ++i) {
    const auto from = static_cast<std::int64_t>((static_cast<double>(i) + 0.5) * stride);
    load_standard_row(rows, standardization, from, 0.0, row);
    x_.insert(x_.end(), row.begin(), row.end() - 1);
    y_.push_back(targets.y[from]);
    weight_.push_back(targets.weight != nullptr ? targets.weight[from] : 1.0);
  }
  counts_ = std::any_of(weight_.begin(), weight_.end(), [](double s) { return s > 0.0; });
  rows_ = access_rows(DenseView<double>{x_.data(), count, d, d});
  oracle_ =
      std::make_unique<MemoryOracle>(*rows_, kernels::Targets{y_.data(), weight_.data()}, spec, Standardization{}, 1);
}

}  // namespace gradstream::solvers
