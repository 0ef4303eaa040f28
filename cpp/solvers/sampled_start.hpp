// Where a fit on many rows starts: at the optimum of a few of them, with their curvature.
#pragma once

#include <optional>
#include <utility>

#include "solvers/inverse_curvature.hpp"
#include "solvers/monitor.hpp"
#include "solvers/row_sample.hpp"

namespace gradstream::solvers {

class SampledStart {
 public:
  /// At least one sample.
  explicit SampledStart(RowSamples samples) : samples_(std::move(samples)) {}

  /// Moves x to about the optimum of the last sample, from one sample's optimum to the next one's.
  void approach(Vector& x);
  /// Moves `point` to `at`, where `approach` went, if that is better (it is not after a warm start, or when samples
  /// miss a rare class). Both evaluated.
  void take_better(Point& point, Point& at);
  /// The last sample's curvature; null where it could not be had.
  InverseCurvature* inverse() { return measured_ ? &*inverse_ : nullptr; }

 private:
  void measure(const Vector& x, Oracle& sample);

  RowSamples samples_;
  std::optional<InverseCurvature> inverse_;
  bool measured_ = false;
};

}  // namespace gradstream::solvers
