// Smooth objectives with more columns than a matrix is made for: dual ascent and Newton's method, in which order.
#pragma once

#include "solvers/full_batch.hpp"
#include "solvers/newton_cg.hpp"

namespace gradstream::solvers {

struct LargeProblem {
  const RowAccess& rows;
  const kernels::Targets& targets;
  const Spec& spec;
  const Standardization& standardization;
  bool warm;  // `point` is a start that somebody gave: the dual cannot begin there
};

/// Whether dual coordinate ascent minimises this.
bool has_logistic_dual(const Spec& spec);

/// Newton's method with a Hessian that is not written down pays where gradients are dear and the curvature is bounded
/// from below: sparse rows of many columns, and an l2 penalty.
BatchSolver by_shape(const RowAccess& rows, const Spec& spec, const Oracle& oracle);

/// `newton`: newton_cg, which for one column of log loss on sparse rows starts from a few epochs of dual ascent; `cd`:
/// dual ascent to the goal, and newton_cg where it gets slow. L-BFGS where neither gets any further.
Code minimise_large(const LargeProblem& problem, const BatchOptions& options, MemoryOracle& oracle, Point& point,
                    const GradientGoal& goal, Monitor& monitor);

}  // namespace gradstream::solvers
