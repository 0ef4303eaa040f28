// l2/2 |w|^2 + l1 |w|_1, and its special cases.
#pragma once

#include "core/spec.hpp"

namespace gradstream::penalties {

/// The penalty's own gradient flow for a time tau, from w: sign(w) max(0, |w| decay - threshold).
///   decay = exp(-l2 tau), threshold = l1 tau sat(l2 tau), sat(x) = (1 - exp(-x))/x.
/// Exact for any tau, never overshoots 0, and flows add up: flow(s) then flow(t) is flow(s + t). That makes skipped
/// steps exact.
template <class V>
struct Flow {
  V decay;
  V threshold;
};

/// The three policies differ in work, not in meaning: each is the flow with the other strengths at 0.
struct NoPenalty {
  template <class V>
  static Flow<V> flow(const PenaltySpec&, V) {
    return {V(1.0), V(0.0)};
  }
  template <class V>
  static V apply(V w, const Flow<V>&) {
    return w;
  }
};

struct L2 {
  template <class V>
  static Flow<V> flow(const PenaltySpec& penalty, V tau) {
    return {exp(V(-penalty.l2) * tau), V(0.0)};
  }
  template <class V>
  static V apply(V w, const Flow<V>& flow) {
    return w * flow.decay;
  }
};

struct ElasticNet {
  template <class V>
  static Flow<V> flow(const PenaltySpec& penalty, V tau) {
    const V a = V(penalty.l2) * tau;
    return {exp(-a), V(penalty.l1) * tau * saturation(a)};
  }
  template <class V>
  static V apply(V w, const Flow<V>& flow) {
    const V size = maximum(V(0.0), absolute(w) * flow.decay - flow.threshold);
    return where(w < V(0.0), -size, size);
  }
};

}  // namespace gradstream::penalties
