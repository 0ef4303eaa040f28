#pragma once

#include "losses/describe.hpp"

namespace gradstream::losses {

/// Half Poisson deviance with log link, without the terms in y alone: exp(z) - y z, r = exp(z) - y. Domain: y >= 0.
struct Poisson {
  static constexpr Description description{"poisson", "regression", "nonnegative", "", true, false};

  template <class V>
  static Evaluation<V> evaluate(V z, V y, V) {
    const V mean = exp(z);
    return {mean - y * z, mean - y};
  }

  /// exp(-z) obeys a linear equation along the flow. exp(z) is kept above 1e-300 so that a row can always come back from z = -infinity.
  template <class S>
  static S invariant_step(S z, S y, S h, S q, S) {
    const S mean = maximum(exp(z), S(1e-300));
    const S moved = (mean - y) * h * saturation(h * q * y);
    if (absolute(moved * q) < S(1e-14)) return -moved;
    return -log1p(moved * q) / q;
  }
};

}  // namespace gradstream::losses
