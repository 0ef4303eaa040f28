#pragma once

#include "optimizers/step.hpp"

namespace gradstream::optimizers {

/// w -= eta g.
struct Sgd {
  static constexpr Description description{"sgd", 0, true, true, false, 0.1};

  template <class V>
  static void accumulate(const StepContext&, V /*g*/, V /*s*/, V* /*slots*/) {}
  /// c: the coordinate's share of eta, which also paces its penalty.
  template <class V>
  static V rate(const StepContext&, const V* /*slots*/) {
    return V(1.0);
  }
  template <class V>
  static V direction(const StepContext&, V g, V /*c*/, const V* /*slots*/) {
    return g;
  }
  /// Steps a sparse row skipped: nothing to do.
  template <class V>
  static void absent(const StepContext&, V /*elapsed*/, V* /*slots*/) {}
  /// The rate as of the coordinate's own last step, `step` steps after the start.
  template <class V>
  static V pending_rate(const StepContext&, V /*step*/, const V* /*slots*/) {
    return V(1.0);
  }
};

}  // namespace gradstream::optimizers
