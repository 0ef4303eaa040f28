// What the bank makes of its target: where intercepts are, and the units that rates and losses are in.
#pragma once

#include <algorithm>

#include "kernels/bank_row-inl.hpp"

namespace gradstream::kernels {
namespace {

/// A target's own statistics. While a solution rests its intercept does too, and the mean that it goes with.
GRADSTREAM_INLINE double follow_mean(const BankColumns& columns, const Counters& counters, Experts& experts) {
  const double gap = columns.y - experts.target_mean;
  const double shift = resting(experts, counters) ? 0.0 : gap * (columns.s / (counters.t + columns.s));
  experts.target_mean += shift;
  experts.target_m2 += columns.s * gap * (columns.y - experts.target_mean);
  return shift;
}

/// They move every lane's intercept with the mean; its deviation is the unit of AdaGrad's steps and of errors. So rates
/// mean the same for dollars and for millions of them, and weights stay in the target's units.
GRADSTREAM_INLINE void follow_real_target(BankColumns& columns, const Counters& counters, Experts& experts) {
  const double shift = follow_mean(columns, counters, experts);
  columns.deviation = square_root(One(experts.target_m2 / (experts.counted + columns.s))).v;
  if (!columns.spec->fit_intercept) return;
  each_lane_pack([&](int l) { store(columns.bias + l, load<Wide>(columns.bias + l) + Wide(shift)); });
}

/// Of a mean exp(z), intercepts move with the logarithm of the target's mean; the first target above 0 gives those
/// before it, all of them 0, their unit.
inline void follow_logarithm(const BankColumns& columns, double before, double mean) {
  if (!columns.spec->fit_intercept || mean == before) return;
  const double unit = before > 0.0 ? before : mean / columns.y;
  const double shift = logarithm(One(mean)).v - logarithm(One(unit)).v;
  for (int l = 0; l < kBankLanes; ++l) columns.bias[l] += shift;
}

/// The slope at y = 0 is the expected curvature, m^(2 - p) whatever the power p of the variance. Rates over it mean the
/// same in any unit of the target here too.
GRADSTREAM_NOINLINE void follow_log_target(BankColumns& columns, const Counters& counters, Experts& experts) {
  const double before = experts.target_mean;
  follow_mean(columns, counters, experts);
  const double mean = experts.target_mean;
  columns.curvature = columns.variance = 1.0;
  if (!(mean > 0.0)) return;
  follow_logarithm(columns, before, mean);
  const LossSpec& loss = columns.spec->loss;
  const auto slope = kEvaluate[static_cast<std::size_t>(loss.loss)];
  const double curvature = slope(logarithm(One(mean)).v, 0.0, loss.parameter).r;
  const double variance = mean * mean / curvature;  // m^p
  if (!(curvature > 0.0) || !(variance > 0.0) || 0.0 * (curvature + variance) != 0.0) return;
  columns.curvature = curvature;
  columns.variance = variance;
}

/// Whether a target has a unit, in which rates and losses are to be measured.
inline bool has_unit(const LossSpec& loss) { return loss.real_target || loss.log_link; }

GRADSTREAM_INLINE void follow_target(BankColumns& columns, const Counters& counters, Experts& experts) {
  if (columns.spec->loss.real_target) follow_real_target(columns, counters, experts);
  if (columns.spec->loss.log_link) follow_log_target(columns, counters, experts);
}

/// How far a log link's mean is from a target, squared. A mean beyond ten times what there has been counts as that: one
/// of e^50 says nothing of the dispersion.
inline double squared_gap(const Experts& experts, double z, double y) {
  constexpr double far = 10.0, rounding = 1e-12;  // the first target is met but for rounding
  const double largest = std::max(experts.target_mean, y);
  if (!(largest > 0.0)) return 0.0;
  const double mean = exp(One(std::min(z, logarithm(One(far * largest)).v))).v, gap = y - mean;
  return gap > rounding * largest || gap < -rounding * largest ? gap * gap : 0.0;
}

/// Losses of a target with a unit count in units of the dispersion: of a real one twice the averaged model's mean loss,
/// of others the mean of its squared errors over their variance. That makes them negative log-likelihoods.
GRADSTREAM_INLINE void temper_losses(BankColumns& columns, Experts& experts) {
  const LossSpec& loss = columns.spec->loss;
  double z = 0.0;
  for (int l = 0; l < kBankLanes; ++l) z += experts.weight[l] * columns.z[l];
  const double value = loss.log_link
                           ? 0.5 * squared_gap(experts, z, columns.y)
                           : kEvaluate[static_cast<std::size_t>(loss.loss)](z, columns.y, loss.parameter).value;
  experts.residual += (value - experts.residual) * (columns.s / (experts.counted + columns.s));
  columns.temper = experts.residual > 0.0 ? 0.5 * columns.variance / experts.residual : 0.0;
}

}  // namespace
}  // namespace gradstream::kernels
