#include "solvers/sampled_start.hpp"

#include <utility>

#include "solvers/lbfgs.hpp"

namespace gradstream::solvers {
namespace {

/// The optimum of a sample, roughly, by gradients: those of few rows are cheap beside their Hessian, and that of fewer
/// rows still serves. A sample tells the optimum to about sqrt(parameters / rows) of the way: more digits would be
/// lost.
bool approach_one(Oracle& sample, InverseCurvature& inverse, Vector& x) {
  constexpr int most_steps = 40;
  constexpr double rough = 1e-1;
  Point at{x, 0.0, {}};
  at.evaluate(sample);
  if (!at.finite()) return false;
  Monitor monitor(most_steps, nullptr);
  lbfgs(sample, at, {norm(at.gradient), rough}, monitor, most_steps, &inverse);
  x = std::move(at.x);
  return true;
}

}  // namespace

void SampledStart::approach(Vector& x) {
  measure(x, *samples_.oracles.front());
  for (Oracle* const sample : samples_.oracles) {
    measured_ = measured_ && approach_one(*sample, *inverse_, x);
    if (measured_) measure(x, *sample);
  }
}

void SampledStart::take_better(Point& point, Point& at) {
  const bool better = at.finite() && !(point.finite() && point.value <= at.value);
  if (better) point = std::move(at);
  if (!better || !measured_) measure(point.x, *samples_.oracles.back());
}

void SampledStart::measure(const Vector& x, Oracle& sample) {
  if (!inverse_) inverse_.emplace(x.size());
  measured_ = inverse_->measure(sample, x);
}

}  // namespace gradstream::solvers
