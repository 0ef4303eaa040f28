// Epochs of scikit-learn's SGD: one column, or a column per class with an order of its own; when to stop.
#pragma once

#include <functional>
#include <limits>
#include <vector>

#include "core/status.hpp"
#include "kernels/sklearn_sgd.hpp"
#include "solvers/sklearn_sgd_order.hpp"
#include "views/rows.hpp"

namespace gradstream::solvers {

struct SgdStopping {
  int max_iter = 1;
  double tol = -std::numeric_limits<double>::infinity();  // minus infinity: never stop
  int patience = 5;
  bool early_stopping = false;  // on the score of the rows held out
};

/// Of one column, beside its weights.
struct SgdScalars {
  double intercept;
  double averaged_intercept;
  double owed;     // with l1: penalty that a weight present in every row would have had
  double slowing;  // of the adaptive schedule: eta / eta0
  double best;     // the least objective per row so far, or minus the best score
  double stalled;  // epochs without improvement
};

/// Borrowed arrays of K columns: (K, d) and (K,). What is null is not needed.
template <class C>
struct SgdState {
  std::int64_t d = 0;
  std::int64_t columns = 1;
  C* coef = nullptr;
  C* averaged = nullptr;
  double* paid = nullptr;
  SgdScalars* scalars = nullptr;
  double t = 1.0;
};

/// What differs from column to column, (K,) each.
struct SgdColumnInputs {
  const std::uint32_t* seed = nullptr;
  const double* weight_positive = nullptr;
  const double* weight_negative = nullptr;
};

/// An epoch as verbose output tells it.
struct SgdReport {
  int column;
  int epoch;
  double norm;
  std::int64_t nonzero;
  double intercept;
  double steps;
  double loss;
  double objective;
  double score;  // NaN without early stopping
  bool stopped;
};

struct SgdInputs {
  kernels::SgdTargets targets;
  SgdRows rows;
  SgdColumnInputs columns;
  SgdStopping stopping;
  bool shuffle = true;
  int n_threads = 1;
  std::function<bool()> interrupted;
  std::function<void(const SgdReport&)> listener;  // with one, columns are learnt one after the other
};

struct SgdResult {
  Code code = Code::ok;
  int n_iter = 0;
};

/// Learns every column; arrays of the state change only when all columns end well. Column 1 is the one positive code of
/// a single column, else column k learns code k.
template <class View, class C>
std::vector<SgdResult> sklearn_sgd(const View& X, const kernels::SgdRule& rule, const SgdInputs& inputs,
                                   SgdState<C>& state);

}  // namespace gradstream::solvers
