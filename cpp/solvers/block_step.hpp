// The step at the end of a block: sums to gradient, gradient to weights and intercepts.
#pragma once

#include "solvers/streaming.hpp"

namespace gradstream::solvers {

/// What all coordinates of one block's step share.
struct BlockStep {
  optimizers::StepContext context;
  double divisor;  // b over the factor of the weights
  double kappa;    // weight of the block / divisor
};

/// `weight_factor` multiplies every row's weight; sums are linear in it, so it is applied once, here.
template <class T>
BlockStep begin_block_step(const Spec& spec, const LearnerState<T>& state, double weight_factor) {
  BlockStep step;
  step.context = step_context(spec);
  kernels::table().prepare_step(spec, *state.counters, step.context);
  step.divisor = static_cast<double>(spec.batch_size) / weight_factor;
  step.kappa = state.counters->block_weight / step.divisor;
  return step;
}

/// Intercepts have slots of their own, float64, and no penalty. `sums` (K,) become the gradient.
template <class T>
void step_intercepts(const Spec& spec, const LearnerState<T>& state, const BlockStep& step, double* sums) {
  if (!spec.fit_intercept) return;
  Spec free = spec;
  free.penalty = {};
  double* slots[1 + optimizers::kMaxSlots] = {};
  for (int a = 0; a <= slot_count(spec); ++a) slots[a] = state.bias + a * state.K;
  for (std::int64_t k = 0; k < state.K; ++k) sums[k] /= step.divisor;
  kernels::table().step_f64(free, step.context, state.K, sums, step.kappa, slots);
}

template <class T>
void end_block_step(const LearnerState<T>& state, const BlockStep& step) {
  kernels::Counters& counters = *state.counters;
  counters.t += 1.0;
  counters.steps += 1.0;
  counters.clock += step.context.eta * step.kappa;
  counters.block_rows = counters.block_weight = 0.0;
}

inline void step_table(const Spec& spec, const BlockStep& step, std::int64_t n, const double* g, float* const* slots) {
  kernels::table().step_f32(spec, step.context, n, g, step.kappa, slots);
}
inline void step_table(const Spec& spec, const BlockStep& step, std::int64_t n, const double* g, double* const* slots) {
  kernels::table().step_f64(spec, step.context, n, g, step.kappa, slots);
}

}  // namespace gradstream::solvers
