// The quadratic model of a smooth function around a point, with an l1 penalty.
#pragma once

#include "solvers/monitor.hpp"

namespace gradstream::solvers {

/// min_p g.p + p.Hp/2 + l1 |x + p|_1 over coefficients, without the penalty over intercepts.
class QuadraticModel {
 public:
  QuadraticModel(std::size_t size, std::size_t coefficients, double l1)
      : size_(size),
        coefficients_(coefficients),
        l1_(l1),
        hessian_(size * size),
        diagonal_(size),
        slope_(size),
        at_(size),
        step_(size) {}

  void load_curvature(Oracle& oracle, const Point& point);

  /// The minimising step from `point` (evaluated) with `damping` times the mean curvature added to H: by coordinate
  /// descent, which finds the coefficients that are not 0, in turn with solves for those, until no coordinate moves by
  /// more than `exactness` in units of the gradient.
  const Vector& minimise(const Point& point, double damping, double exactness);

 private:
  double sweep();
  bool solve_active();
  double gain(const Vector& change) const;
  void apply(const Vector& change);
  double threshold(std::size_t j) const { return j < coefficients_ ? l1_ : 0.0; }

  std::size_t size_, coefficients_;
  double l1_;
  Vector hessian_;  // both triangles
  Vector diagonal_;
  double mean_curvature_ = 1.0;
  Vector slope_;  // g + H p
  Vector at_;     // x + p
  Vector step_;
};

}  // namespace gradstream::solvers
