// A step along a descent direction of a convex function.
#pragma once

#include "solvers/monitor.hpp"

namespace gradstream::solvers {

/// Finds a step that meets Wolfe's conditions, or their approximation by slopes alone where values agree to rounding
/// (Hager and Zhang 2005), so that gradients far below the square root of the rounding error are reached. Steps where
/// the function is not finite are too long. True: `to` is the new point. False: nothing better was found.
bool line_search(Oracle& oracle, const Point& from, const Vector& direction, double first_step, Point& to);

}  // namespace gradstream::solvers
