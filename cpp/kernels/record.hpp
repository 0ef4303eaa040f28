// What the table keeps of a sparse feature, and how long penalties have waited for it.
#pragma once

#include <cmath>
#include <cstdint>

#include "core/spec.hpp"
#include "optimizers/list.hpp"

namespace gradstream::kernels {
namespace {  // compiled for every instruction set: nothing here may be shared between them

/// Per feature W[K], slots[K] each, then as raw float64 bits the clock, where features pay the penalty one by one, and
/// the step, where slots decay, up to which the feature is settled. What has come since is pending.
struct RecordShape {
  std::int64_t columns;
  int slots;
  bool clocked;
  bool decays;  // and so clocked

  /// Elements of T.
  template <class T>
  constexpr std::int64_t width() const {
    constexpr auto kPerTime = static_cast<std::int64_t>(sizeof(double) / sizeof(T));
    return columns * (1 + slots) + ((clocked ? 1 : 0) + (decays ? 1 : 0)) * kPerTime;
  }
};

/// Gradient descent under l2 alone shrinks all weights by one factor. Records then hold v, the model's weights are
/// w = v exp(-l2 (clock - folded)), and no feature needs a clock: half the memory (Shalev-Shwartz et al. 2011,
/// Pegasos).
inline bool shrinks_together(const Spec& spec) {
  return spec.optimizer.optimizer == optimizers::id_of<optimizers::Sgd>() && spec.penalty.l2 > 0.0 &&
         spec.penalty.l1 == 0.0;
}

constexpr auto kDescribed = optimizers::kDescriptions;  // the list itself would be shared between instruction sets

inline RecordShape record_shape(const Spec& spec) {
  const optimizers::Description& optimizer = kDescribed[static_cast<std::size_t>(spec.optimizer.optimizer)];
  const bool penalised = spec.penalty.l1 > 0.0 || spec.penalty.l2 > 0.0;
  return {spec.loss.columns, optimizer.slots, optimizer.decays || (penalised && !shrinks_together(spec)),
          optimizer.decays};
}

/// exp(32) of room for v, then the factor is multiplied into the table. When depends on the clock alone, so that the
/// cuts of a stream have no effect.
inline constexpr double kLargestDecay = 32.0;
inline double folded_clock(double l2, double clock) {
  const double span = kLargestDecay / l2;
  return clock >= span ? std::floor(clock / span) * span : 0.0;  // of a subnormal l2 the span is infinite
}

inline bool folds(const Spec& spec, double clock_before, double clock) {
  return shrinks_together(spec) && folded_clock(spec.penalty.l2, clock_before) != folded_clock(spec.penalty.l2, clock);
}

}  // namespace
}  // namespace gradstream::kernels
