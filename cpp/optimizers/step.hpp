// What a step needs besides weights and gradient.
#pragma once

#include "core/spec.hpp"

namespace gradstream::optimizers {

/// Scalars of one step, the same for all coordinates. `correction_i` = 1 / (1 - beta_i^k) at step k (Adam).
struct StepContext {
  const OptimizerSpec* spec;
  double eta;
  double correction_1 = 1.0;
  double correction_2 = 1.0;
  double log_momentum = 0.0;  // logarithms of the decays, kept finite
  double log_beta_1 = 0.0;
  double log_beta_2 = 0.0;
};

struct Description {
  const char* name;
  int slots;             // state arrays besides the weights
  bool invariant;        // a row moves by the loss's importance-invariant step, not by a plain gradient
  bool uniform;          // the rate c is the same for all coordinates
  bool decays;           // slots of a feature absent from sparse rows decay with every step
  double learning_rate;  // what learning_rate="auto" means for it by name
};

}  // namespace gradstream::optimizers
