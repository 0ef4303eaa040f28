// The bank's calls: learning rows in order, and reading the one linear model it stands for.
#pragma once

#include <vector>

#include "core/status.hpp"
#include "solvers/bank_state.hpp"
#include "solvers/learner.hpp"
#include "solvers/planes.hpp"

namespace gradstream::solvers {

/// Targets by row; where margins before each row go, or null.
struct BankInputs {
  const double* y = nullptr;
  const double* weight = nullptr;
  double* report = nullptr;
};

/// Learns all rows in order, or restores the state and says why not. "full": make room for `row` records, then again.
template <class View>
Status bank_learn(const View& X, const Spec& spec, BankState<typename View::value_type>& state,
                  const BankInputs& inputs, const Interrupted& interrupted);

/// Margins of the averaged model into out (rows, K), rows shared out among threads.
template <class View>
Status bank_report(const View& X, const Spec& spec, const BankState<typename View::value_type>& state,
                   BankMemory<typename View::value_type>& memory, double* out, int n_threads);

/// (9, d, K) float64: the lanes' weights, penalties paid, and AdaGrad's accumulator.
template <class T>
std::vector<double> bank_planes(const Spec& spec, const BankState<T>& state);

/// Sets all of them. Sparse: features whose weights are 0 and whose accumulator is at its start need no record.
template <class T>
Status set_bank_planes(const Spec& spec, BankState<T>& state, const double* planes);

/// Sparse: weight and mean square of every feature's values, (2, d).
template <class T>
std::vector<double> bank_units(const BankState<T>& state);

/// Sparse: takes over weight and mean square (d,) of features' values measured elsewhere; records change to these
/// units.
template <class T>
void set_bank_units(const Spec& spec, BankState<T>& state, const double* weight, const double* mean_square);

/// The averaged model in X's own units.
template <class T>
LinearCoefficients bank_coefficients(const Spec& spec, const BankState<T>& state);

}  // namespace gradstream::solvers
