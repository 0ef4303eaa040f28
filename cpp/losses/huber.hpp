#pragma once

#include "losses/describe.hpp"

namespace gradstream::losses {

/// Huber (1964): quadratic within epsilon of the target, linear beyond.
///   value = a^2/2 if a = |z - y| <= epsilon, else epsilon (a - epsilon/2);  r = clip(z - y, -epsilon, epsilon)
struct Huber {
  static constexpr Description description{"huber", "regression", "real", "epsilon", true, false};

  template <class V>
  static Evaluation<V> evaluate(V z, V y, V epsilon) {
    const V r = minimum(epsilon, maximum(-epsilon, z - y));
    const V a = absolute(z - y);
    return {where(a <= epsilon, V(0.5) * a * a, epsilon * (a - V(0.5) * epsilon)), r};
  }

  /// Constant speed while linear (time h1), then an exponential approach.
  template <class S>
  static S invariant_step(S z, S y, S h, S q, S epsilon) {
    const S a = absolute(z - y);
    const S sign = sign_of(y - z);
    const S distance = a - epsilon;
    if (distance <= S(0.0)) return (y - z) * h * saturation(h * q);
    if (h * epsilon * q <= distance) return sign * epsilon * h;
    const S h1 = distance / (epsilon * q);
    return sign * epsilon * (h1 + (h - h1) * saturation((h - h1) * q));
  }
};

}  // namespace gradstream::losses
