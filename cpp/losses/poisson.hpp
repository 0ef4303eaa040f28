#pragma once

#include "losses/describe.hpp"

namespace gradstream::losses {

/// Half Poisson deviance with log link, without the terms in y alone: exp(z) - y z, r = exp(z) - y. Domain: y >= 0.
struct Poisson {
  static constexpr Description description{"poisson", "regression", "nonnegative", "", true, false, false, true};

  template <class V>
  static Evaluation<V> evaluate(V z, V y, V) {
    const V mean = exp(z);
    return {mean - y * z, mean - y};
  }

  /// exp(-z) obeys a linear equation along the flow: exp(z0 - z) = 1 + (exp(z0) - y) t = exp(-h q y) + exp(z0) t, t = h
  /// q sat(h q y). The first form keeps the digits of small moves, the second, in logarithms, those of large ones and
  /// does not overflow.
  template <class S>
  static S invariant_step(S z, S y, S h, S q, S) {
    const S hq = h * q;
    const S t = hq * saturation(hq * y);
    const S moved = (exp(z) - y) * t;
    if (absolute(moved) < S(0.5)) return absolute(moved) < S(1e-14) ? -moved / q : -log1p(moved) / q;
    const S a = -(hq * y);
    const S b = z + logarithm(t);
    return -(maximum(a, b) + log1p(exp(-absolute(a - b)))) / q;
  }
};

}  // namespace gradstream::losses
