#include "solvers/newton_cg.hpp"

#include <algorithm>
#include <utility>

#include "solvers/line_search.hpp"
#include "solvers/stagnation.hpp"

namespace gradstream::solvers {
namespace {

/// When a step is exact enough: the residual over the gradient (both in the norm of the preconditioner), or the
/// residual in the plain norm, which is about the gradient after the step.
struct Exactness {
  double relative;
  double residual;
};

/// The linear systems H p = -g of one fit, solved one after the other.
class ConjugateGradients {
 public:
  explicit ConjugateGradients(std::size_t size) : inverse_(size), residual_(size), way_(size), product_(size) {}

  /// direction = about -H^-1 g at the point.
  void solve(Oracle& oracle, const Point& point, const Exactness& enough, Monitor& monitor, Vector& direction) {
    constexpr int most_products = 250;
    prepare(oracle, point);
    std::fill(direction.begin(), direction.end(), 0.0);
    const double start = preconditioned_square();
    double square = start;
    for (std::size_t j = 0; j < way_.size(); ++j) way_[j] = residual_[j] * inverse_[j];
    for (int products = 0; products < most_products; ++products) {
      monitor.look_up();
      oracle.hessian_product(way_.data(), product_.data());
      const double bend = dot(way_, product_);
      if (!(bend > 1e-300)) {  // flat in this direction: the line search finds how far to go
        if (products == 0) direction = way_;
        return;
      }
      const double length = square / bend;
      axpy(length, way_, direction);
      axpy(-length, product_, residual_);
      const double next = preconditioned_square();
      if (next <= enough.relative * enough.relative * start || norm(residual_) <= enough.residual) return;
      const double keep = next / square;
      for (std::size_t j = 0; j < way_.size(); ++j) way_[j] = residual_[j] * inverse_[j] + keep * way_[j];
      square = next;
    }
  }

 private:
  /// The residual at 0, and the inverse of the diagonal: with its mean where it is 0 (a column that no row has, a loss
  /// that is flat).
  void prepare(Oracle& oracle, const Point& point) {
    oracle.prepare_products(point.x.data(), inverse_.data());
    double total = 0.0;
    for (const double entry : inverse_) total += entry;
    const double stand_in = total > 0.0 ? total / static_cast<double>(inverse_.size()) : 1.0;
    for (std::size_t j = 0; j < inverse_.size(); ++j) {
      inverse_[j] = 1.0 / (inverse_[j] > 0.0 ? inverse_[j] : stand_in);
      residual_[j] = -point.gradient[j];
    }
  }
  double preconditioned_square() const {
    double sums[4] = {0.0, 0.0, 0.0, 0.0};
    for (std::size_t j = 0; j < residual_.size(); ++j) sums[j % 4] += residual_[j] * residual_[j] * inverse_[j];
    return (sums[0] + sums[1]) + (sums[2] + sums[3]);
  }

  Vector inverse_, residual_, way_, product_;
};

}  // namespace

Code newton_cg(Oracle& oracle, Point& point, const GradientGoal& goal, Monitor& monitor) {
  constexpr double roughest = 0.1, past_goal = 0.3;
  if (!point.finite()) return Code::non_finite;
  ConjugateGradients system(point.x.size());
  Vector direction(point.x.size());
  Point next;
  Stagnation stagnant(10);
  for (double now = norm(point.gradient); !goal.met(now); now = norm(point.gradient)) {
    if (monitor.exhausted()) return Code::max_iter;
    const double relative = std::min(roughest, std::sqrt(now / goal.scale));
    system.solve(oracle, point, {relative, past_goal * goal.tol * goal.scale}, monitor, direction);
    if (!(dot(direction, point.gradient) < 0.0)) return Code::no_progress;
    if (!line_search(oracle, point, direction, 1.0, next)) return Code::no_progress;
    std::swap(point, next);
    if (!monitor.record(point.value, norm(point.gradient) / goal.scale)) return Code::interrupted;
    if (stagnant(point.value, norm(point.gradient))) return Code::no_progress;
  }
  return Code::converged;
}

}  // namespace gradstream::solvers
