// The problem that is left once it is known which coefficients are zero and which sign the others have.
#pragma once

#include "solvers/lbfgs.hpp"

namespace gradstream::solvers {

/// Lowers the l1-penalised objective over the intercepts, the non-zero coefficients of `point` (evaluated) and the zero
/// ones that the gradient moves away from 0, all in the sign they have or take, where the penalty is linear. A
/// coefficient on its way through 0 stays there. converged: optimal to the goal among these; max_iter: better, not
/// finished; interrupted.
Code minimise_on_support(Oracle& oracle, Point& point, double l1, const GradientGoal& goal, Monitor& monitor);

}  // namespace gradstream::solvers
