// Limited-memory BFGS for the smooth objective.
#pragma once

#include <limits>

#include "solvers/inverse_hessian.hpp"
#include "solvers/monitor.hpp"

namespace gradstream::solvers {

/// Gradient norms in one currency: `scale` is the norm at w = 0 with the best intercept.
struct GradientGoal {
  double scale;
  double tol;
  bool met(double gradient_norm) const { return gradient_norm <= tol * scale; }
};

/// Moves `point` (evaluated) until the goal is met: converged, max_iter, interrupted, no_progress (steps no longer
/// change anything but rounding), non_finite (the start is not finite), or ok: `patience` iterations are used up.
///
/// References: Liu and Nocedal (1989), Mathematical Programming 45.
/// `start`: the inverse Hessian before the first pair; null: a multiple of the identity.
Code lbfgs(Oracle& oracle, Point& point, const GradientGoal& goal, Monitor& monitor,
           int patience = std::numeric_limits<int>::max(), InverseHessian* start = nullptr);

}  // namespace gradstream::solvers
