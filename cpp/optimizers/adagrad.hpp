#pragma once

#include "optimizers/step.hpp"

namespace gradstream::optimizers {

/// Duchi, Hazan, Singer (2011), diagonal: G += g^2, w -= eta g / sqrt(G). G starts at initial_accumulator.
struct AdaGrad {
  static constexpr Description description{"adagrad", 1, true, false, false, 0.5};

  template <class V>
  static void accumulate(const StepContext&, V g, V s, V* slots) {
    slots[0] = slots[0] + s * g * g;
  }
  /// 0 while no gradient was seen (G at its start, up to the rounding of float32): neither step nor penalty. A model
  /// that was fitted in batch keeps the weights of features the stream has not met yet.
  template <class V>
  static V rate(const StepContext& context, const V* slots) {
    const V seen(context.spec->initial_accumulator * (1.0 + 1e-6));
    return where(slots[0] > seen, inverse_square_root(slots[0]), V(0.0));
  }
  template <class V>
  static V direction(const StepContext&, V g, V c, const V* /*slots*/) {
    return c * g;
  }
  template <class V>
  static void absent(const StepContext&, V /*elapsed*/, V* /*slots*/) {}
  template <class V>
  static V pending_rate(const StepContext& context, V /*step*/, const V* slots) {
    return rate(context, slots);
  }
};

}  // namespace gradstream::optimizers
