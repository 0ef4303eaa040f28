#pragma once

#include "losses/describe.hpp"

namespace gradstream::losses {

/// Half gamma deviance with log link, without the terms in y alone: z + y exp(-z), r = 1 - y exp(-z). Domain: y > 0.
struct Gamma {
  static constexpr Description description{"gamma", "regression", "positive", "", true, false, false, true};

  template <class V>
  static Evaluation<V> evaluate(V z, V y, V) {
    const V ratio = y * exp(-z);
    return {z + ratio, V(1.0) - ratio};
  }

  /// The mean exp(z) approaches y exponentially: exp(z - z0) = exp(-h q) + y exp(-z0) h q sat(h q). The first form
  /// keeps the digits of small moves, the second, in logarithms, those of large ones and does not overflow.
  template <class S>
  static S invariant_step(S z, S y, S h, S q, S) {
    const S hq = h * q;
    const S t = hq * saturation(hq);
    const S moved = (y * exp(-z) - S(1.0)) * t;
    if (absolute(moved) < S(0.5)) return absolute(moved) < S(1e-14) ? moved / q : log1p(moved) / q;
    const S b = logarithm(y) - z + logarithm(t);
    return (maximum(-hq, b) + log1p(exp(-absolute(hq + b)))) / q;
  }
};

}  // namespace gradstream::losses
