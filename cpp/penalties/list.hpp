// The register of penalty names: how each maps alpha and l1_ratio to strengths. "None" is alpha = 0.
#pragma once

#include <array>

#include "core/spec.hpp"
#include "penalties/elastic_net.hpp"

namespace gradstream::penalties {

struct Description {
  const char* name;
  double l1_ratio;  // fixed by the name; negative: the user's
};

inline constexpr std::array<Description, 3> kPenalties{{{"l2", 0.0}, {"l1", 1.0}, {"elasticnet", -1.0}}};

/// Calls f with the cheapest policy that gives this penalty.
template <class F>
decltype(auto) visit(const PenaltySpec& penalty, F&& f) {
  if (penalty.l1 > 0.0) return f(ElasticNet{});
  if (penalty.l2 > 0.0) return f(L2{});
  return f(NoPenalty{});
}

}  // namespace gradstream::penalties
