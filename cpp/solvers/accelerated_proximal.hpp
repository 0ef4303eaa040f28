// Accelerated proximal gradient for a smooth loss with an l1 penalty.
#pragma once

#include "solvers/lbfgs.hpp"

namespace gradstream::solvers {

/// Moves `point` (evaluated) until the proximal gradient meets the goal: FISTA with backtracking and adaptive restart;
/// once the set of non-zero coefficients stands still, the smooth problem on that set is solved instead. Coefficients
/// outside it are exactly 0. Codes as for lbfgs.
///
/// References: Beck and Teboulle (2009), SIAM J. Imaging Sciences 2; O'Donoghue and Candes (2015), Found. Comput.
/// Math. 15.
Code accelerated_proximal(Oracle& oracle, Point& point, double l1, const GradientGoal& goal, Monitor& monitor);

}  // namespace gradstream::solvers
