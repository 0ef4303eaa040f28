#include "solvers/row_curvature.hpp"

#include <algorithm>
#include <cmath>

namespace gradstream::solvers {

void RowCurvature::operator()(std::int64_t count, const double* z, const kernels::Targets& targets, double* out) {
  std::fill_n(out, count * loss_.columns * loss_.columns, 0.0);
  if (loss_.kind == ColumnsKind::softmax) {
    softmax(count, z, targets, out);
  } else {
    separate(count, z, targets, out);
  }
}

void RowCurvature::softmax(std::int64_t count, const double* z, const kernels::Targets& targets, double* out) {
  const std::int64_t K = loss_.columns;
  r_low_.resize(static_cast<std::size_t>(count * K));
  kernels::table().loss_rows(loss_, count, z, targets.y, nullptr, r_low_.data());
  for (std::int64_t i = 0; i < count; ++i) {
    const double s = targets.weight != nullptr ? targets.weight[i] : 1.0;
    if (s == 0.0) continue;
    double* p = r_low_.data() + i * K;
    p[static_cast<std::int64_t>(targets.y[i])] += 1.0;
    for (std::int64_t k = 0; k < K; ++k) {
      for (std::int64_t l = 0; l < K; ++l) out[(i * K + k) * K + l] = s * p[k] * ((k == l ? 1.0 : 0.0) - p[l]);
    }
  }
}

void RowCurvature::separate(std::int64_t count, const double* z, const kernels::Targets& targets, double* out) {
  const std::int64_t K = loss_.columns;
  const auto values = static_cast<std::size_t>(count * K);
  for (auto* buffer : {&low_, &high_, &r_low_, &r_high_}) buffer->resize(values);
  for (std::size_t at = 0; at < values; ++at) {
    const double step = 1e-5 + 1e-9 * std::abs(z[at]);
    low_[at] = z[at] - step;
    high_[at] = z[at] + step;
  }
  const auto& loss_rows = kernels::table().loss_rows;
  loss_rows(loss_, count, low_.data(), targets.y, targets.weight, r_low_.data());
  loss_rows(loss_, count, high_.data(), targets.y, targets.weight, r_high_.data());
  for (std::size_t at = 0; at < values; ++at) {
    const double slope = (r_high_[at] - r_low_[at]) / (high_[at] - low_[at]);
    const auto row = static_cast<std::int64_t>(at) / K, k = static_cast<std::int64_t>(at) % K;
    out[(row * K + k) * K + k] = std::max(slope, 0.0);
  }
}

}  // namespace gradstream::solvers
