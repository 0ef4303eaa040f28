// Newton's method for a smooth loss with an l1 penalty, for problems where a dense Hessian costs next to nothing.
#pragma once

#include "solvers/lbfgs.hpp"

namespace gradstream::solvers {

/// Moves `point` (evaluated) until the proximal gradient meets the goal: the quadratic model with its l1 penalty is
/// minimised by coordinate descent, the step is shortened until the objective falls. Codes as for newton.
///
/// References: Lee, Sun, Saunders (2014), SIAM J. Optimization 24; Friedman, Hastie, Tibshirani (2010), J. Statistical
/// Software 33.
Code proximal_newton(Oracle& oracle, Point& point, double l1, const GradientGoal& goal, Monitor& monitor);

}  // namespace gradstream::solvers
