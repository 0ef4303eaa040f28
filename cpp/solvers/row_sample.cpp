#include "solvers/row_sample.hpp"

#include <algorithm>

namespace gradstream::solvers {

namespace {

/// Rows of the largest sample, by what its Newton steps cost; 0 where there are too few to tell a Hessian.
std::int64_t sample_size(const RowAccess& rows, const Oracle& oracle) {
  constexpr double newton_steps = 3.0, gradients = 8.0;  // about what it takes, and what that may cost
  constexpr double fewest = 8.0, enough = 100.0;         // rows per parameter
  constexpr double share = 1.0 / 12.0;
  if (rows.sparse() || rows.rows() == 0) return 0;
  const auto n = static_cast<double>(rows.rows());
  const double affordable = gradients * oracle.gradient_cost() / (newton_steps * oracle.curvature_cost() / n);
  const auto parameters = static_cast<double>(oracle.size());
  const double count = std::min({affordable, share * n, enough * parameters});
  return count >= fewest * parameters ? static_cast<std::int64_t>(count) : 0;
}

}  // namespace

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

RowSamples take_samples(const RowAccess& rows, const kernels::Targets& targets, const Spec& spec,
                        const Standardization& standardization, const Oracle& oracle) {
  RowSamples out;
  const std::int64_t most = sample_size(rows, oracle);
  for (const std::int64_t count : {most / 8, most}) {
    if (count < 4 * oracle.size()) continue;
    auto sample = std::make_unique<RowSample>(rows, targets, spec, standardization, count);
    if (!sample->counts()) continue;
    out.oracles.push_back(&sample->oracle());
    out.samples.push_back(std::move(sample));
  }
  return out;
}

}  // namespace gradstream::solvers
