// The inverse of the Hessian's blocks of one column each: what the columns of a softmax know of themselves.
#pragma once

#include "solvers/inverse_hessian.hpp"

namespace gradstream::solvers {

class InverseBlocks final : public InverseHessian {
 public:
  explicit InverseBlocks(const Oracle& oracle);

  /// Whether blocks are cheap beside the gradients that they spare.
  static bool pay(const Oracle& oracle);

  void apply(Vector& v) const override;
  /// Measured when the first steps have found the region, and at every doubling of the iterations from there.
  bool ready(Oracle& oracle, const Vector& x, int iteration) override;

 private:
  /// Takes the mean over columns from each feature and returns it.
  Vector take_common(Vector& v) const;

  std::size_t columns_, p_;
  Vector factors_;         // (K, p, p)
  mutable Vector column_;  // (p,): one column of what is applied to
  std::optional<double> shift_;
  int next_;  // iteration at which blocks are measured
  bool measured_ = false;
};

}  // namespace gradstream::solvers
