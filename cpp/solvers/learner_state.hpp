// A learner's state: arrays the estimator holds and C++ borrows (shapes in python/gradstream/_core.pyi).
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <vector>

#include "core/spec.hpp"
#include "kernels/stream.hpp"
#include "optimizers/list.hpp"
#include "parallel/commit_gate.hpp"

namespace gradstream::solvers {

/// Sums of an unfinished block, in one float64 array.
struct BlockLayout {
  std::int64_t d, K;
  static std::int64_t size(std::int64_t d, std::int64_t K) { return 2 * (d * K + K) + 2 * d + 2; }
  double* finished_coef(double* at) const { return at; }  // dense: parts of the block that are complete
  double* finished_intercept(double* at) const { return at + d * K; }
  double* current_coef(double* at) const { return at + d * K + K; }  // the part being filled, intercepts behind it
  double* center(double* at) const { return at + 2 * (d * K + K); }  // dense: statistics at the block's start
  double* scale(double* at) const { return center(at) + d; }
  double* touched(double* at) const { return center(at); }  // sparse: the block's features (kernels::BlockSums)
  double* start_weight(double* at) const { return scale(at) + d; }
  double* first_touched(double* at) const { return start_weight(at) + 1; }

  /// f(j) for the features of a sparse block; f may clear their entry.
  template <class F>
  void each_touched(double* at, F&& f) const {
    for (double link = *first_touched(at); link != 0.0;) {
      const auto j = static_cast<std::int64_t>(link) - 1;
      link = touched(at)[j] - 1.0;
      f(j);
    }
  }
};

template <class T>
struct LearnerState {
  bool sparse = false;
  std::int64_t d = 0;
  std::int64_t K = 1;
  T* table = nullptr;      // dense (1 + slots, d, K); sparse (d, record_width)
  double* bias = nullptr;  // (1 + slots, K)
  double* mean = nullptr;  // null: not standardised
  double* m2 = nullptr;
  double* seen = nullptr;  // sparse only
  kernels::Counters* counters = nullptr;
  double* block = nullptr;               // null at batch size 1
  parallel::CommitGate* gate = nullptr;  // between those who read a dense state and its commit

  BlockLayout layout() const { return {d, K}; }
};

inline int slot_count(const Spec& spec) {
  return optimizers::kDescriptions[static_cast<std::size_t>(spec.optimizer.optimizer)].slots;
}

template <class T>
std::int64_t record_width(const Spec& spec) {
  return kernels::record_shape(spec).width<T>();
}
template <class T>
std::int64_t table_size(const Spec& spec, const LearnerState<T>& state) {
  return state.sparse ? state.d * record_width<T>(spec) : (1 + slot_count(spec)) * state.d * state.K;
}

inline optimizers::StepContext step_context(const Spec& spec) {
  // a decay of 0 forgets at once: its logarithm only has to be low enough
  const auto logarithm = [](double beta) { return beta > 0.0 ? std::log(beta) : -745.0; };
  optimizers::StepContext context;
  context.spec = &spec.optimizer;
  context.eta = 0.0;
  if (!kernels::record_shape(spec).decays) return context;  // three logarithms would be a tenth of a single row's time
  context.log_momentum = logarithm(spec.optimizer.momentum);
  context.log_beta_1 = logarithm(spec.optimizer.beta_1);
  context.log_beta_2 = logarithm(spec.optimizer.beta_2);
  return context;
}

/// Called before features change that no row of the call names.
using BeforeFold = std::function<void()>;

/// What one call brings besides rows: targets by absolute row, and where margins go.
struct LearnInputs {
  const double* y = nullptr;
  const double* weight = nullptr;
  double weight_factor = 1.0;
  double* report = nullptr;  // (rows, K), margins before each row is learnt
  bool frozen = false;       // the standardiser stands (inside fit)
  bool want_loss = false;
  int n_threads = 1;
  BeforeFold before_fold = {};
};

}  // namespace gradstream::solvers
