// One CSR row of the bank: the eight lanes of a record side by side, as they are stored. What the penalty has been owed
// since a feature was last met is paid when its record is read.
#pragma once

#include <utility>

#include "kernels/bank_step-inl.hpp"

namespace gradstream::kernels {
namespace {

/// Clocks since a feature was last met: of gradient descent, and of AdaGrad times its rate c.
struct BankLag {
  double descent;
  double adagrad;
};

/// exp(-a) for a >= 0 to nine digits, 0 beyond 80: what is stored is float32.
GRADSTREAM_INLINE Wide short_decay(Wide a) {
  const Wide x = -minimum(a, Wide(80.0)), magic(6755399441055744.0);
  const Wide k = (x * Wide(1.4426950408889634074) + magic) - magic;
  const Wide r = x - k * Wide(0.69314718055994530942);
  const Wide r2 = r * r, r4 = r2 * r2;
  const Wide low = (Wide(1.0) + r) + r2 * (Wide(1.0 / 2) + r * Wide(1.0 / 6));
  const Wide high = (Wide(1.0 / 24) + r * Wide(1.0 / 120)) + r2 * (Wide(1.0 / 720) + r * Wide(1.0 / 5040));
  return (low + r4 * (high + r4 * Wide(1.0 / 40320))) * power_of_two(k);
}

/// The eight weights at `w` after their flow. Lane 0 pays for `awake` at most.
GRADSTREAM_INLINE void pay_dues(const Spec& spec, const double* rate, const BankLag& lag, double awake, double* w) {
  each_lane_pack([&](int l) {
    Wide lags = halves(lag.descent, lag.adagrad, l);
    if (l == 0 && lag.descent > awake) lags = where(lane_numbers<kLanes>() < Wide(1.0), Wide(awake), lags);
    const Wide tau = load<Wide>(rate + l) * lags, weights = load<Wide>(w + l);
    if (spec.penalty.l1 > 0.0) {
      store(w + l, penalties::ElasticNet::apply(weights, penalties::ElasticNet::flow(spec.penalty, tau)));
    } else {
      store(w + l, weights * short_decay(Wide(spec.penalty.l2) * tau));
    }
  });
}

/// Buffers for rows of at most `longest` entries.
struct SparseBankScratch {
  double* lanes;         // (entries, K, 8) settled weights
  double* flat[5];       // (padded entries K): x, accumulator, c, c x, a value per column
  double* value[4];      // (padded entries): x as stored, weight, mean square and scale of the feature
  double* lag[2];        // (padded entries K)
  const float** record;  // (entries): where each feature's record is
  float* fresh;          // a record of a feature that was never met
  double* columns;       // BankColumns::size, then K more

  static std::int64_t size(std::int64_t longest, std::int64_t K) {
    return longest * K * kBankLanes + 7 * padded(longest * K) + 4 * padded(longest) + longest +
           BankRecord{K}.width() / 2 + BankColumns::size(K) + padded(K);
  }
  SparseBankScratch(double* at, std::int64_t longest, std::int64_t K) {
    lanes = at;
    at += longest * K * kBankLanes;
    for (double*& buffer : flat) buffer = std::exchange(at, at + padded(longest * K));
    for (double*& buffer : value) buffer = std::exchange(at, at + padded(longest));
    for (double*& buffer : lag) buffer = std::exchange(at, at + padded(longest * K));
    columns = std::exchange(at, at + BankColumns::size(K) + padded(K));
    fresh = reinterpret_cast<float*>(std::exchange(at, at + BankRecord{K}.width() / 2));
    record = reinterpret_cast<const float**>(at);
  }
};

/// Settles n elements (features times columns): `w` (n, 8), `total` their accumulators; lags are overwritten. All but w
/// are whole packs. Not inlined: learning, reporting and reading coefficients agree to the bit.
inline GRADSTREAM_NOINLINE void settle_elements(const Spec& spec, std::int64_t n, double awake, const double* total,
                                                double* descent, double* adagrad, double* w) {
  for (std::int64_t i = 0; i < n; i += kLanes) {
    store(adagrad + i, load<Wide>(adagrad + i) * adagrad_rate(spec, load<Wide>(total + i)));
  }
  for (std::int64_t i = 0; i < n; ++i)
    pay_dues(spec, spec.bank.rate, {descent[i], adagrad[i]}, awake, w + i * kBankLanes);
}

}  // namespace
}  // namespace gradstream::kernels
