// How far from optimal a point is: the norms that numerics.md calls certificates.
#pragma once

#include "solvers/monitor.hpp"

namespace gradstream::solvers {

/// |w|_1; intercepts are not penalised.
double l1_norm(const Oracle& oracle, const Vector& x);

/// Norm of v - prox_l1(v - g) at unit step over coefficients and of g over intercepts; with l1 = 0 the norm of the
/// gradient.
double proximal_gradient_norm(const Oracle& oracle, const Point& point, double l1);

/// The norm above at w = 0 with the best intercepts (`blank`, evaluated). Where that is itself rounding (a constant
/// target, a penalty that allows no coefficient), 1e-8 of the plain gradient, so that a quotient of rounding errors is
/// not taken for a distance.
double gradient_scale(Oracle& oracle, const Point& blank, double l1);

}  // namespace gradstream::solvers
