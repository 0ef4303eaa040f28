// A learner's weights as whole planes: settled, set, and as the linear model in X's units.
#pragma once

#include <vector>

#include "solvers/learner_state.hpp"

namespace gradstream::solvers {

/// Weights and slots (1 + slots) x (d, K), float64, pending penalties and decays applied; the state is only read.
template <class T>
std::vector<double> settled_planes(const Spec& spec, const LearnerState<T>& state);

/// Sets them, settled as of the state's counters.
template <class T>
void set_planes(const Spec& spec, LearnerState<T>& state, const double* planes);

/// The linear model in X's units: coef (K, d), intercept (K,).
struct LinearCoefficients {
  std::vector<double> coef;
  std::vector<double> intercept;
};
template <class T>
LinearCoefficients linear_coefficients(const Spec& spec, const LearnerState<T>& state);

}  // namespace gradstream::solvers
