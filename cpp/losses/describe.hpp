// What a loss says of itself; Python builds its accepted names, domains and documentation tables from it.
#pragma once

namespace gradstream::losses {

struct Description {
  const char* name;
  const char* task;          // "classification" (target -1/+1 per column) or "regression"
  const char* domain;        // of y in regression: "real", "nonnegative", "positive", "power" (what the parameter says)
  const char* parameter;     // constructor parameter it reads, "" for none
  bool smooth;               // continuously differentiable: full batch by gradient methods
  bool probabilities;        // margins give class probabilities
  bool branch_free = false;  // invariant_step works on packs of margins
  bool log_link = false;     // predictions are exp(z)
};

/// Value and derivative dloss/dz at one margin; V is a pack of lanes.
template <class V>
struct Evaluation {
  V value;
  V r;
};

}  // namespace gradstream::losses
