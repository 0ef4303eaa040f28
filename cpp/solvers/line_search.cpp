#include "solvers/line_search.hpp"

#include <algorithm>
#include <limits>

namespace gradstream::solvers {
namespace {

constexpr double kDecrease = 1e-4;   // Armijo
constexpr double kCurvature = 0.9;   // Wolfe
constexpr double kSlopeBound = 0.8;  // approximate Wolfe: 1 - 2 * 0.1
constexpr double kRounding = 1e-13;  // relative error to expect of a mean over many rows

struct Sample {
  double step;
  double value;
  double slope;
};

bool decreases(const Sample& start, const Sample& at) {
  if (at.value <= start.value + kDecrease * at.step * start.slope) return true;
  return at.value <= start.value + kRounding * std::abs(start.value) && at.slope <= -kSlopeBound * start.slope;
}

/// Where the slope would vanish if it were linear between the ends, kept off both; the middle every third time, so that
/// the interval shrinks whatever the function, and where the far end is not finite, nearer while nothing else is known.
double between(const Sample& low, const Sample& high, int trial) {
  const double width = high.step - low.step;
  const double secant = -low.slope / (high.slope - low.slope);
  const bool usable = std::isfinite(high.value) && high.slope > 0.0 && trial % 3 != 2;
  return low.step + width * (usable ? std::clamp(secant, 0.1, 0.9) : std::isfinite(high.value) || low.step > 0.0 ? 0.5 : 0.1);
}

/// More than half of the way to where the function is not finite: steps right up to an edge would stick to it.
bool near_the_edge(const Sample& at, const Sample& high) {
  return std::isfinite(high.step) && !std::isfinite(high.value) && at.step > 0.5 * high.step;
}

/// Longer, by the same linear model of the slope.
double beyond(const Sample& start, const Sample& low) {
  const double bend = low.slope - start.slope;
  const double secant = bend > 0.0 ? -start.slope / bend : std::numeric_limits<double>::infinity();
  return low.step * std::clamp(secant, 2.0, 1000.0);
}

Sample sample(Oracle& oracle, const Point& from, const Vector& direction, double step, Point& to) {
  to.x.resize(from.x.size());
  for (std::size_t j = 0; j < from.x.size(); ++j) to.x[j] = from.x[j] + step * direction[j];
  to.evaluate(oracle);
  return {step, to.value, dot(to.gradient, direction)};
}

}  // namespace

bool line_search(Oracle& oracle, const Point& from, const Vector& direction, double first_step, Point& to) {
  constexpr int trials = 40;
  const Sample start{0.0, from.value, dot(from.gradient, direction)};
  Sample low = start;
  Sample high{std::numeric_limits<double>::infinity(), 0.0, 0.0};
  double step = first_step;
  for (int trial = 0; trial < trials && std::isfinite(step); ++trial) {
    const Sample at = sample(oracle, from, direction, step, to);
    const bool finite = std::isfinite(at.value) && std::isfinite(at.slope);
    if (!finite || !decreases(start, at)) {
      high = finite ? at : Sample{step, std::numeric_limits<double>::infinity(), 0.0};
    } else if (at.slope < kCurvature * start.slope && !near_the_edge(at, high)) {
      low = at;
    } else {
      return true;
    }
    step = std::isfinite(high.step) ? between(low, high, trial) : beyond(start, low);
    if (high.step - low.step <= 1e-14 * high.step) break;
  }
  if (low.step == 0.0) return false;
  sample(oracle, from, direction, low.step, to);
  return true;
}

}  // namespace gradstream::solvers
