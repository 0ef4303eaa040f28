#pragma once

#include "losses/describe.hpp"

namespace gradstream::losses {

/// Zhang (2004): 0 if y z >= 1, (1 - y z)^2 if y z >= -1, else -4 y z. Smooth, gives probabilities, forgives outliers.
/// Target -1/+1.
struct ModifiedHuber {
  static constexpr Description description{"modified_huber", "classification", "sign", "", true, true};

  template <class V>
  static Evaluation<V> evaluate(V z, V y, V) {
    const V margin = y * z;
    const V m = maximum(V(0.0), V(1.0) - margin);
    const auto linear = margin < V(-1.0);
    return {where(linear, V(-4.0) * margin, m * m), where(linear, V(-4.0) * y, V(-2.0) * y * m)};
  }

  /// Constant speed while linear (m > 2, time h1), then an exponential approach to m = 0.
  template <class S>
  static S invariant_step(S z, S y, S h, S q, S) {
    const S m = S(1.0) - y * z;
    if (m <= S(0.0)) return S(0.0);
    if (m <= S(2.0)) return S(2.0) * y * m * h * saturation(S(2.0) * h * q);
    if (S(4.0) * h * q <= m - S(2.0)) return S(4.0) * y * h;
    const S h1 = (m - S(2.0)) / (S(4.0) * q);
    return S(4.0) * y * (h1 + (h - h1) * saturation(S(2.0) * (h - h1) * q));
  }
};

}  // namespace gradstream::losses
