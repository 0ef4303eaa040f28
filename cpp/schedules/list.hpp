// The register of schedules: the step eta as a function of the clock t before the step (weight seen at batch size 1,
// steps otherwise).
#pragma once

#include <array>

#include "core/spec.hpp"

namespace gradstream::schedules {

enum Id : int { kConstant, kInvScaling, kInverseTime, kOptimal };

struct Description {
  const char* name;
  const char* formula;
};

inline constexpr std::array<Description, 4> kSchedules{{
    {"constant", "eta0"},
    {"invscaling", "eta0 / (t + 1)^power_t"},
    {"inverse_time", "eta0 / (1 + decay * epoch)"},
    {"optimal", "1 / (alpha * (t0 + t))"},  // Bottou, "Stochastic gradient descent tricks", 2012
}};

/// S is a one-lane pack, whose exp and log1p do not depend on the platform.
template <class S>
S rate(const ScheduleSpec& spec, S t, S epoch) {
  switch (spec.schedule) {
    case kInvScaling: return S(spec.eta0) * exp(S(-spec.power_t) * log1p(t));
    case kInverseTime: return S(spec.eta0) / (S(1.0) + S(spec.decay) * epoch);
    case kOptimal: return S(1.0) / (S(spec.alpha) * (S(spec.t0) + t));
    default: return S(spec.eta0);
  }
}

}  // namespace gradstream::schedules
