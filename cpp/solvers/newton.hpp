// Newton's method with the dense Hessian, for problems where one costs next to nothing.
#pragma once

#include "solvers/lbfgs.hpp"

namespace gradstream::solvers {

/// Multiplications of a Newton step, as Oracle counts them; infinite where there is none.
double newton_cost(const Oracle& oracle);

/// Whether a Newton step is cheap: about a millisecond, or the price of a few gradients.
bool newton_affordable(const Oracle& oracle);

/// Moves `point` (evaluated) past the goal, to the rounding error of the gradient. no_progress when steps gain too little before the
/// goal is met (a Hessian that is singular or jumps); otherwise converged, max_iter or interrupted.
Code newton(Oracle& oracle, Point& point, const GradientGoal& goal, Monitor& monitor);

}  // namespace gradstream::solvers
