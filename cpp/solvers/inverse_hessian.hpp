// What L-BFGS starts from: an approximate inverse Hessian.
#pragma once

#include "solvers/oracle.hpp"
#include "solvers/vectors.hpp"

namespace gradstream::solvers {

class InverseHessian {
 public:
  virtual ~InverseHessian() = default;
  /// v = H^-1 v.
  virtual void apply(Vector& v) const = 0;
  /// Measures H anew if it is time to, at x after so many iterations. False: there is none yet, nothing to apply.
  virtual bool ready(Oracle& /*oracle*/, const Vector& /*x*/, int /*iteration*/) { return true; }
};

}  // namespace gradstream::solvers
