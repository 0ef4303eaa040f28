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

/// `first` for the lanes of gradient descent, `second` for AdaGrad's, in the pack from lane l on.
GRADSTREAM_INLINE Wide halves(double first, double second, int l) {
  if constexpr (kLanes <= kBankSgdLanes) return Wide(l < kBankSgdLanes ? first : second);
  return where(lane_numbers<kLanes>() < Wide(static_cast<double>(kBankSgdLanes)), Wide(first), Wide(second));
}

/// How long the penalty acts in every lane. Lane 0 pays from when it woke on.
struct BankDues {
  double rate[kBankLanes];
  const PenaltySpec* penalty;
  bool tiny;  // l2 alone, below 2^-6 everywhere

  BankDues(const Spec& spec, double longest_descent, double longest_adagrad) : penalty(&spec.penalty) {
    for (int l = 0; l < kBankLanes; ++l) rate[l] = spec.bank.rate[l];
    const double descent = rate[kBankSgdLanes - 1] * longest_descent, adagrad = rate[kBankLanes - 1] * longest_adagrad;
    tiny = !(penalty->l1 > 0.0) && penalty->l2 * (descent > adagrad ? descent : adagrad) < 0.015625;
  }

  /// The eight weights at `w` after their flow.
  GRADSTREAM_INLINE void pay(const BankLag& lag, double awake, double* w) const {
    const double asleep = lag.descent > awake ? awake / lag.descent : 1.0;
    each_lane_pack([&](int l) {
      Wide tau = load<Wide>(rate + l) * halves(lag.descent, lag.adagrad, l);
      if (l == 0 && asleep < 1.0) tau = where(lane_numbers<kLanes>() < Wide(1.0), tau * Wide(asleep), tau);
      const Wide weights = load<Wide>(w + l);
      if (tiny) {
        store(w + l, weights * exp_near_zero(Wide(penalty->l2) * tau));
      } else {
        store(w + l, penalties::ElasticNet::apply(weights, penalties::ElasticNet::flow(*penalty, tau)));
      }
    });
  }
};

/// Buffers for rows of at most `longest` entries.
struct SparseBankScratch {
  double* lanes;         // (entries, K, 8) settled weights
  double* flat[5];       // (padded entries K): x, accumulator, c, c x, a value per column
  double* lag[2];        // (padded entries K)
  const float** record;  // (entries): where each feature's record is
  float* fresh;          // a record of a feature that was never met
  double* columns;       // BankColumns::size, then K more

  static std::int64_t size(std::int64_t longest, std::int64_t K) {
    return longest * K * kBankLanes + 7 * padded(longest * K) + longest + BankRecord{K}.width() / 2 +
           BankColumns::size(K) + padded(K);
  }
  SparseBankScratch(double* at, std::int64_t longest, std::int64_t K) {
    lanes = at;
    at += longest * K * kBankLanes;
    for (double*& buffer : flat) buffer = std::exchange(at, at + padded(longest * K));
    for (double*& buffer : lag) buffer = std::exchange(at, at + padded(longest * K));
    columns = std::exchange(at, at + BankColumns::size(K) + padded(K));
    fresh = reinterpret_cast<float*>(std::exchange(at, at + BankRecord{K}.width() / 2));
    record = reinterpret_cast<const float**>(at);
  }
};

/// AdaGrad's rate of an accumulator; 0 before any gradient.
GRADSTREAM_INLINE Wide adagrad_rate(const Spec& spec, Wide total) {
  const Wide seen(spec.optimizer.initial_accumulator * (1.0 + 1e-6));
  return where(total > seen, Wide(1.0) / square_root(total), Wide(0.0));
}

inline double largest_of(std::int64_t n, const double* values) {
  Wide top(0.0);
  for (std::int64_t i = 0; i < n; i += kLanes) top = maximum(top, load<Wide>(values + i));
  double lanes[kLanes], largest = 0.0;
  store(lanes, top);
  for (int l = 0; l < kLanes; ++l) largest = lanes[l] > largest ? lanes[l] : largest;
  return largest;
}

/// Settles n elements (features times columns): `w` (n, 8), `total` their accumulators; lags are overwritten. All but w
/// are whole packs. Not inlined: learning, reporting and reading coefficients agree to the bit.
inline GRADSTREAM_NOINLINE void settle_elements(const Spec& spec, std::int64_t n, double awake, const double* total,
                                                double* descent, double* adagrad, double* w) {
  for (std::int64_t i = 0; i < n; i += kLanes) {
    store(adagrad + i, load<Wide>(adagrad + i) * adagrad_rate(spec, load<Wide>(total + i)));
  }
  const BankDues dues(spec, largest_of(padded(n), descent), largest_of(padded(n), adagrad));
  for (std::int64_t i = 0; i < n; ++i) dues.pay({descent[i], adagrad[i]}, awake, w + i * kBankLanes);
}

/// How much of the clock lane 0 has been awake.
inline double awake_clock(const Experts& experts, const Counters& counters) {
  return counters.clock > experts.woken ? counters.clock - experts.woken : 0.0;
}

/// For whole tables: n elements.
inline void settle_bank(const Spec& spec, std::int64_t n, double awake, const double* total, double* descent,
                        double* adagrad, double* w) {
  settle_elements(spec, n, awake, total, descent, adagrad, w);
}

}  // namespace
}  // namespace gradstream::kernels
