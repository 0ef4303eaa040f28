#pragma once

#include "optimizers/step.hpp"

namespace gradstream::optimizers {

/// Heavy ball (Polyak 1964): m = momentum m + g, w -= eta m. In the long run a gradient moves w by eta / (1 -
/// momentum): the penalty keeps that pace.
struct Momentum {
  static constexpr Description description{"momentum", 1, false, true, true, 0.01};

  template <class V>
  static void accumulate(const StepContext& context, V g, V /*s*/, V* slots) {
    slots[0] = V(context.spec->momentum) * slots[0] + g;
  }
  template <class V>
  static V rate(const StepContext& context, const V* /*slots*/) {
    return V(1.0 / (1.0 - context.spec->momentum));
  }
  template <class V>
  static V direction(const StepContext&, V /*g*/, V /*c*/, const V* slots) {
    return slots[0];
  }
  /// m decays, w rests.
  template <class V>
  static void absent(const StepContext& context, V elapsed, V* slots) {
    slots[0] = slots[0] * exp(elapsed * V(context.log_momentum));
  }
  template <class V>
  static V pending_rate(const StepContext& context, V /*step*/, const V* slots) {
    return rate(context, slots);
  }
};

}  // namespace gradstream::optimizers
