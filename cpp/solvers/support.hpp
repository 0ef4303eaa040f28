// The problem that is left once it is known which coefficients are zero and which sign the others have.
#pragma once

#include "solvers/lbfgs.hpp"

namespace gradstream::solvers {

/// Lowers the l1-penalised objective over the non-zero coefficients of `point` (evaluated) and the intercepts, where the penalty is
/// linear. A coefficient on its way through 0 stays there. converged: optimal with this support to the goal (whatever the gradient of
/// the zero coefficients); max_iter: better, not finished; interrupted.
Code minimise_on_support(Oracle& oracle, Point& point, double l1, const GradientGoal& goal, Monitor& monitor);

}  // namespace gradstream::solvers
