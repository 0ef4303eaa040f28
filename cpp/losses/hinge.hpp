#pragma once

#include "losses/describe.hpp"

namespace gradstream::losses {

/// max(0, 1 - y z), r = -y where y z < 1. Target -1/+1.
struct Hinge {
  static constexpr Description description{"hinge", "classification", "sign", "", false, false, true};

  template <class V>
  static Evaluation<V> evaluate(V z, V y, V) {
    const V m = V(1.0) - y * z;
    const auto met = m <= V(0.0);  // not "m > 0 is active": a margin that is no number must show
    return {where(met, V(0.0), m), where(met, V(0.0), -y)};
  }

  /// Constant speed until the margin is met (as in passive-aggressive updates, Crammer et al. 2006).
  template <class S>
  static S invariant_step(S z, S y, S h, S q, S) {
    const S m = maximum(S(0.0), S(1.0) - y * z);
    return y * minimum(h, m / q);
  }
};

}  // namespace gradstream::losses
