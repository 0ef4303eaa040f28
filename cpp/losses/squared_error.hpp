#pragma once

#include "losses/describe.hpp"

namespace gradstream::losses {

/// Half squared error: (z - y)^2 / 2, r = z - y. Domain: y real.
struct SquaredError {
  static constexpr Description description{"squared_error", "regression", "real", "", true, false, true};

  template <class V>
  static Evaluation<V> evaluate(V z, V y, V) {
    const V r = z - y;
    return {V(0.5) * r * r, r};
  }

  template <class S>
  static S invariant_step(S z, S y, S h, S q, S) {
    return (y - z) * h * saturation(h * q);
  }
};

}  // namespace gradstream::losses
