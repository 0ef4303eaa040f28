#pragma once

#include "losses/describe.hpp"

namespace gradstream::losses {

/// max(0, 1 - y z)^2 (not halved), r = -2 y max(0, 1 - y z). Target -1/+1.
struct SquaredHinge {
  static constexpr Description description{"squared_hinge", "classification", "sign", "", true, false, true};

  template <class V>
  static Evaluation<V> evaluate(V z, V y, V) {
    const V m = maximum(V(0.0), V(1.0) - y * z);
    return {m * m, V(-2.0) * y * m};
  }

  template <class S>
  static S invariant_step(S z, S y, S h, S q, S) {
    const S m = maximum(S(0.0), S(1.0) - y * z);
    return S(2.0) * y * m * h * saturation(S(2.0) * h * q);
  }
};

}  // namespace gradstream::losses
