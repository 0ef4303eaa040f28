// Newton's method where the Hessian has too many entries: steps by conjugate gradients.
#pragma once

#include "solvers/lbfgs.hpp"

namespace gradstream::solvers {

/// Moves `point` (evaluated) to the goal. A step is found by conjugate gradients, preconditioned by the diagonal of the
/// Hessian, as exactly as the distance from the optimum makes worth while, and made by a line search. `oracle` must
/// have products. converged, max_iter, interrupted, non_finite (the start is not finite), or no_progress (steps no
/// longer change anything but rounding).
///
/// References: Dembo and Steihaug (1983), Mathematical Programming 26; Hsia, Chiang and Lin (2018), ACML.
Code newton_cg(Oracle& oracle, Point& point, const GradientGoal& goal, Monitor& monitor);

}  // namespace gradstream::solvers
