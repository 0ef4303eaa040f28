#include "solvers/row_curvature.hpp"

#include <algorithm>
#include <cmath>

namespace gradstream::solvers {

void RowCurvature::operator()(std::int64_t count, const double* z, const kernels::Targets& targets, double* out) {
  const std::int64_t K = loss_.columns;
  std::fill_n(out, count * K * K, 0.0);
  if (loss_.kind == ColumnsKind::softmax) {
    softmax(count, z, targets, out);
    return;
  }
  own_.resize(static_cast<std::size_t>(count * K));
  separate(count, z, targets, own_.data());
  for (std::int64_t at = 0; at < count * K; ++at) out[at * K + at % K] = own_[static_cast<std::size_t>(at)];
}

void RowCurvature::compact(std::int64_t count, const double* z, const kernels::Targets& targets, double* out) {
  if (loss_.kind == ColumnsKind::softmax) {
    probabilities(count, z, targets, out);
  } else {
    separate(count, z, targets, out);
  }
}

void RowCurvature::probabilities(std::int64_t count, const double* z, const kernels::Targets& targets, double* out) {
  const std::int64_t K = loss_.columns;
  kernels::table().loss_rows(loss_, count, z, targets.y, nullptr, out);
  for (std::int64_t i = 0; i < count; ++i) {
    out[i * K + static_cast<std::int64_t>(targets.y[i])] += 1.0;
    if (targets.weight != nullptr && targets.weight[i] == 0.0) std::fill_n(out + i * K, K, 0.0);
  }
}

void RowCurvature::softmax(std::int64_t count, const double* z, const kernels::Targets& targets, double* out) {
  const std::int64_t K = loss_.columns;
  r_low_.resize(static_cast<std::size_t>(count * K));
  probabilities(count, z, targets, r_low_.data());
  for (std::int64_t i = 0; i < count; ++i) {
    const double s = targets.weight != nullptr ? targets.weight[i] : 1.0;
    const double* p = r_low_.data() + i * K;
    for (std::int64_t k = 0; k < K; ++k) {
      for (std::int64_t l = 0; l < K; ++l) out[(i * K + k) * K + l] = s * p[k] * ((k == l ? 1.0 : 0.0) - p[l]);
    }
  }
}

double RowCurvature::reach(double z) const {
  constexpr double relative = 1e-5;
  return loss_.positive ? relative * z : relative + 1e-9 * std::abs(z);
}

double RowCurvature::bent(double bend) const {
  if (loss_.convex) return std::max(bend, 0.0);  // below 0 by rounding
  return bends_ == Bends::own ? bend : std::abs(bend);
}

/// Every column is a row of its own here: signs and weights spread over columns, so that the kernel sees one long
/// vector.
void RowCurvature::separate(std::int64_t count, const double* z, const kernels::Targets& targets, double* out) {
  const std::int64_t K = loss_.columns, values = count * K;
  for (auto* buffer : {&z_, &y_, &weight_, &r_low_, &r_high_}) buffer->resize(static_cast<std::size_t>(values));
  for (std::int64_t at = 0; at < values; ++at) {
    const std::int64_t row = at / K, k = at % K;
    const double y = targets.y[row];
    const bool rest = loss_.kind == ColumnsKind::one_vs_rest;
    y_[static_cast<std::size_t>(at)] = !rest ? y : y == static_cast<double>(k) ? 1.0 : -1.0;
    weight_[static_cast<std::size_t>(at)] = targets.weight != nullptr ? targets.weight[row] : 1.0;
  }
  const auto step = [&](std::int64_t at) { return reach(z[at]); };
  slopes(values, z, [&](std::int64_t at) { return -step(at); }, r_low_.data());
  slopes(values, z, step, r_high_.data());
  for (std::int64_t at = 0; at < values; ++at) {
    const double width = (z[at] + step(at)) - (z[at] - step(at));
    const double bend = (r_high_[static_cast<std::size_t>(at)] - r_low_[static_cast<std::size_t>(at)]) / width;
    out[at] = bent(bend);
  }
}

template <class Shift>
void RowCurvature::slopes(std::int64_t values, const double* z, const Shift& shift, double* r) {
  LossSpec single = loss_;
  single.kind = ColumnsKind::single;
  single.columns = 1;
  for (std::int64_t at = 0; at < values; ++at) z_[static_cast<std::size_t>(at)] = z[at] + shift(at);
  kernels::table().loss_rows(single, values, z_.data(), y_.data(), weight_.data(), r);
}

}  // namespace gradstream::solvers
