#include "solvers/lbfgs.hpp"

#include <algorithm>

#include "solvers/line_search.hpp"
#include "solvers/stagnation.hpp"

namespace gradstream::solvers {
namespace {

/// The last pairs of step and change of gradient, oldest overwritten.
class History {
 public:
  explicit History(std::size_t size) : steps_(kMemory, Vector(size)), changes_(kMemory, Vector(size)) {}

  bool empty() const { return count_ == 0; }
  void clear() { count_ = 0; }

  /// Keeps the pair unless its curvature is lost in rounding.
  void add(const Point& from, const Point& to) {
    const std::size_t slot = next_;
    for (std::size_t j = 0; j < from.x.size(); ++j) {
      steps_[slot][j] = to.x[j] - from.x[j];
      changes_[slot][j] = to.gradient[j] - from.gradient[j];
    }
    const double curvature = dot(steps_[slot], changes_[slot]);
    const double square = dot(changes_[slot], changes_[slot]);
    if (!(curvature > 1e-14 * norm(steps_[slot]) * std::sqrt(square))) return;
    inverse_curvature_[slot] = 1.0 / curvature;
    next_ = (next_ + 1) % kMemory;
    count_ = std::min(count_ + 1, kMemory);
  }

  /// direction = -H gradient, H the inverse Hessian that `start` (null: a multiple of the identity) and the pairs
  /// imply.
  void descend(const InverseHessian* start, const Vector& gradient, Vector& direction) const {
    double along[kMemory];
    for (std::size_t j = 0; j < gradient.size(); ++j) direction[j] = -gradient[j];
    for (std::size_t age = 1; age <= count_; ++age) {
      const std::size_t slot = (next_ + kMemory - age) % kMemory;
      along[slot] = inverse_curvature_[slot] * dot(steps_[slot], direction);
      axpy(-along[slot], changes_[slot], direction);
    }
    if (start != nullptr) start->apply(direction);
    const double scale = count_ > 0 ? scale_of(start) : 1.0;
    for (double& value : direction) value *= scale;
    for (std::size_t age = count_; age >= 1; --age) {
      const std::size_t slot = (next_ + kMemory - age) % kMemory;
      const double back = inverse_curvature_[slot] * dot(changes_[slot], direction);
      axpy(along[slot] - back, steps_[slot], direction);
    }
  }

 private:
  static constexpr std::size_t kMemory = 10;

  /// What makes the start agree with the last pair: s'y / y'H y.
  double scale_of(const InverseHessian* start) const {
    const std::size_t last = (next_ + kMemory - 1) % kMemory;
    const Vector& change = changes_[last];
    if (start == nullptr) return 1.0 / (inverse_curvature_[last] * dot(change, change));
    Vector applied = change;
    start->apply(applied);
    return 1.0 / (inverse_curvature_[last] * dot(change, applied));
  }

  std::vector<Vector> steps_, changes_;
  double inverse_curvature_[kMemory] = {};
  std::size_t next_ = 0;
  std::size_t count_ = 0;
};

}  // namespace

Code lbfgs(Oracle& oracle, Point& point, const GradientGoal& goal, Monitor& monitor, int patience,
           InverseHessian* start) {
  if (!point.finite()) return Code::non_finite;
  History history(point.x.size());
  Vector direction(point.x.size());
  Point next;
  Stagnation stagnant(50);
  int iterations = 0;
  while (!goal.met(norm(point.gradient))) {
    if (monitor.exhausted()) return Code::max_iter;
    if (patience-- <= 0) return Code::ok;
    const bool preconditioned = start != nullptr && start->ready(oracle, point.x, iterations++);
    history.descend(preconditioned ? start : nullptr, point.gradient, direction);
    const double first_step = history.empty() && !preconditioned ? 1.0 / norm(point.gradient) : 1.0;
    const bool downhill = dot(direction, point.gradient) < 0.0;
    if (!downhill || !line_search(oracle, point, direction, first_step, next)) {
      if (history.empty()) return Code::no_progress;
      history.clear();
      continue;
    }
    history.add(point, next);
    std::swap(point, next);
    if (!monitor.record(point.value, norm(point.gradient) / goal.scale)) return Code::interrupted;
    if (stagnant(point.value, norm(point.gradient))) return Code::no_progress;
  }
  return Code::converged;
}

}  // namespace gradstream::solvers
