// Newton's method with the dense Hessian, for problems where one costs next to nothing.
#pragma once

#include "solvers/lbfgs.hpp"

namespace gradstream::solvers {

/// Nanoseconds of a Newton step, roughly; infinite where there is none.
double newton_cost(const Oracle& oracle);

/// What a Newton step may cost where a good start is not to be had, in gradients.
inline constexpr double kGradientsForNewton = 4.0;

/// Whether a Newton step is cheap: about a millisecond, or the price of `gradients` gradients.
bool newton_affordable(const Oracle& oracle, double gradients = kGradientsForNewton);

/// Iterations of about one gradient each that a first-order method is given before Newton's takes over: a few where a
/// Newton step is cheap, more where it is dear, without end where it is out of reach.
int iterations_before_newton(const Oracle& oracle, bool cheap);

/// Moves `point` (evaluated) past the goal, to the rounding error of the gradient. no_progress when steps gain too
/// little before the goal is met (a Hessian that is singular or jumps; the point of the least gradient is kept);
/// otherwise converged, max_iter or interrupted.
Code newton(Oracle& oracle, Point& point, const GradientGoal& goal, Monitor& monitor);

}  // namespace gradstream::solvers
