// Second derivatives of a row's loss in its margins.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/table.hpp"

namespace gradstream::solvers {

/// What becomes of rows that bend down, of losses that are not convex: as they are, or upward by the same amount.
enum class Bends { own, upward };

/// Softmax from its own probabilities, other losses by central differences of r (error about 1e-10; a kink within the
/// step gives the mean of its sides): what a Newton step needs, for any registered loss.
class RowCurvature {
 public:
  explicit RowCurvature(const LossSpec& loss, Bends bends = Bends::upward) : loss_(loss), bends_(bends) {}

  /// out (count, K, K): s d2loss/dz_k dz_l of rows with margins z (count, K); weight may be null. Rows of weight 0 give
  /// 0.
  void operator()(std::int64_t count, const double* z, const kernels::Targets& targets, double* out);
  /// out (count, K), what products with the Hessian want: second derivatives of separate columns; of a softmax its
  /// probabilities, 0 in rows of weight 0.
  void compact(std::int64_t count, const double* z, const kernels::Targets& targets, double* out);

 private:
  void softmax(std::int64_t count, const double* z, const kernels::Targets& targets, double* out);
  void probabilities(std::int64_t count, const double* z, const kernels::Targets& targets, double* out);
  void separate(std::int64_t count, const double* z, const kernels::Targets& targets, double* out);
  template <class Shift>
  void slopes(std::int64_t values, const double* z, const Shift& shift, double* r);

  /// Half the distance between the two slopes that a second derivative is made of.
  double reach(double z) const;
  double bent(double bend) const;

  LossSpec loss_;
  Bends bends_;
  std::vector<double> z_, y_, weight_, r_low_, r_high_, own_;
};

}  // namespace gradstream::solvers
