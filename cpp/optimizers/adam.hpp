#pragma once

#include "optimizers/step.hpp"

namespace gradstream::optimizers {

/// Kingma and Ba (2015). The penalty is not part of g: it flows at the coordinate's own rate c, so the optimum is that
/// of the objective (unlike AdamW).
struct Adam {
  static constexpr Description description{"adam", 2, false, false, true, 0.01};

  template <class V>
  static void accumulate(const StepContext& context, V g, V /*s*/, V* slots) {
    const V beta_1(context.spec->beta_1);
    const V beta_2(context.spec->beta_2);
    slots[0] = beta_1 * slots[0] + (V(1.0) - beta_1) * g;
    slots[1] = beta_2 * slots[1] + (V(1.0) - beta_2) * g * g;
  }
  template <class V>
  static V rate(const StepContext& context, const V* slots) {
    return corrected_rate(context, V(context.correction_2), slots[1]);
  }
  template <class V>
  static V direction(const StepContext& context, V /*g*/, V c, const V* slots) {
    return c * slots[0] * V(context.correction_1);
  }
  /// Moments decay, w rests.
  template <class V>
  static void absent(const StepContext& context, V elapsed, V* slots) {
    slots[0] = slots[0] * exp(elapsed * V(context.log_beta_1));
    slots[1] = slots[1] * exp(elapsed * V(context.log_beta_2));
  }
  template <class V>
  static V pending_rate(const StepContext& context, V step, const V* slots) {
    const V correction = V(-1.0) / expm1(maximum(step, V(1.0)) * V(context.log_beta_2));
    return corrected_rate(context, correction, slots[1]);
  }

 private:
  /// 0 while no gradient was seen: neither step nor penalty.
  template <class V>
  static V corrected_rate(const StepContext& context, V correction, V v) {
    const V c = V(1.0) / (square_root(v * correction) + V(context.spec->epsilon));
    return where(v > V(0.0), c, V(0.0));
  }
};

}  // namespace gradstream::optimizers
