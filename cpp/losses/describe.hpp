// What a loss says of itself; Python builds its accepted names, domains and documentation tables from it.
#pragma once

#include <limits>

namespace gradstream::losses {

struct Description {
  const char* name;
  const char* task;          // "classification" (target -1/+1 per column) or "regression"
  const char* domain;        // of y in regression: "real", "nonnegative", "positive", "power" (`least_of_power`)
  const char* parameter;     // constructor parameter it reads, "" for none
  bool smooth;               // continuously differentiable: full batch by gradient methods
  bool probabilities;        // margins give class probabilities
  bool branch_free = false;  // invariant_step works on packs of margins
  bool log_link = false;     // predictions are exp(z)
  bool positive = false;     // known for margins above 0 only, and so learnt from all rows at once only
  double convex_from = -std::numeric_limits<double>::infinity();  // parameters for which it is convex
  double convex_to = std::numeric_limits<double>::infinity();
};

/// The smallest target of a deviance whose variance grows with the mean to the power p.
inline double least_of_power(double p) {
  if (p <= 0.0) return -std::numeric_limits<double>::infinity();
  return p < 2.0 ? 0.0 : std::numeric_limits<double>::denorm_min();
}

/// Value and derivative dloss/dz at one margin; V is a pack of lanes.
template <class V>
struct Evaluation {
  V value;
  V r;
};

}  // namespace gradstream::losses
