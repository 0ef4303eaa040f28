#include "solvers/row_sample.hpp"

#include <algorithm>

namespace gradstream::solvers {

namespace {

constexpr double kFewest = 8.0;  // rows per parameter: fewer tell no Hessian

/// Rows of the largest sample; 0 where there are too few. The start and the steps gain with every row, the more the
/// fewer there are: up to 100 rows per parameter are worth several gradients of all rows, more only one.
std::int64_t sample_size(const RowAccess& rows, const Oracle& oracle) {
  constexpr double gradients_of_sample = 6.0;  // about what it takes, and its curvature once
  constexpr double worth = 8.0, enough = 100.0, ample = 600.0;
  constexpr double share = 1.0 / 12.0;
  if (rows.sparse() || rows.rows() == 0) return 0;
  const auto n = static_cast<double>(rows.rows()), parameters = static_cast<double>(oracle.size());
  const double gradient = oracle.gradient_cost();
  const double row = (oracle.curvature_cost() + gradients_of_sample * gradient) / n;
  const double needed = std::min(worth * gradient / row, enough * parameters);
  const double useful = std::min(gradient / row, ample * parameters);
  const double count = std::min(share * n, std::max(needed, useful));
  return count >= kFewest * parameters ? static_cast<std::int64_t>(count) : 0;
}

/// The first prime from `least` on: data with a period (hours of days, groups in turn) are met at all its phases.
std::int64_t prime_step(std::int64_t least) {
  const auto composite = [](std::int64_t value) {
    for (std::int64_t factor = 2; factor * factor <= value; ++factor) {
      if (value % factor == 0) return true;
    }
    return false;
  };
  while (composite(least)) ++least;
  return least;
}

}  // namespace

RowSample::RowSample(const SampledRows& from, std::int64_t step) {
  const auto& [rows, targets, spec, standardization, n_threads] = from;
  const std::int64_t first = step / 2;
  for (std::int64_t row = first; row < rows.rows(); row += step) {
    y_.push_back(targets.y[row]);
    if (targets.weight != nullptr) weight_.push_back(targets.weight[row]);
  }
  counts_ = targets.weight == nullptr || std::any_of(weight_.begin(), weight_.end(), [](double s) { return s > 0.0; });
  rows_ = rows.every(step, first);
  const bool in_place = rows_ != nullptr;
  if (!in_place) copy_rows(from, step, first);
  const kernels::Targets own{y_.data(), targets.weight != nullptr ? weight_.data() : nullptr};
  oracle_ =
      std::make_unique<MemoryOracle>(*rows_, own, spec, in_place ? standardization : Standardization{}, n_threads);
  oracle_->belong_to(rows.bytes());
}

void RowSample::copy_rows(const SampledRows& from, std::int64_t step, std::int64_t first) {
  const std::int64_t d = from.rows.columns(), count = static_cast<std::int64_t>(y_.size());
  Vector row(static_cast<std::size_t>(d + 1));
  x_.reserve(static_cast<std::size_t>(count * d));
  for (std::int64_t i = 0; i < count; ++i) {
    load_standard_row(from.rows, from.standardization, first + i * step, 0.0, row);
    x_.insert(x_.end(), row.begin(), row.end() - 1);
  }
  rows_ = access_rows(DenseView<double>{x_.data(), count, d, d});
}

RowSamples take_samples(const SampledRows& from, const Oracle& oracle) {
  RowSamples out;
  const std::int64_t most = sample_size(from.rows, oracle);
  if (most == 0) return out;
  const std::int64_t first = std::max(most / 16, static_cast<std::int64_t>(kFewest) * oracle.size());
  for (const std::int64_t count : {first, most}) {
    if (count < most && 3 * count > most) continue;
    auto sample = std::make_unique<RowSample>(from, prime_step((from.rows.rows() + count - 1) / count));
    if (!sample->counts()) continue;
    out.oracles.push_back(&sample->oracle());
    out.samples.push_back(std::move(sample));
  }
  return out;
}

}  // namespace gradstream::solvers
