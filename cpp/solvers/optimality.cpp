#include "solvers/optimality.hpp"

#include <algorithm>
#include <limits>

namespace gradstream::solvers {

double l1_norm(const Oracle& oracle, const Vector& x) {
  double total = 0.0;
  for (std::int64_t j = 0; j < oracle.coefficients(); ++j) total += std::abs(x[static_cast<std::size_t>(j)]);
  return total;
}

double proximal_gradient_norm(const Oracle& oracle, const Point& point, double l1) {
  if (l1 == 0.0) return norm(point.gradient);
  const auto coefficients = static_cast<std::size_t>(oracle.coefficients());
  double squares = 0.0;
  for (std::size_t j = 0; j < point.x.size(); ++j) {
    const double threshold = j < coefficients ? l1 : 0.0;
    const double move = point.x[j] - soft_threshold(point.x[j] - point.gradient[j], threshold);
    squares += move * move;
  }
  return std::sqrt(squares);
}

double gradient_scale(Oracle& oracle, const Point& blank, double l1) {
  constexpr double rounding = 1e-8;
  double scale = proximal_gradient_norm(oracle, blank, l1);
  scale = std::max(scale, rounding * norm(blank.gradient));
  if (scale < rounding) {
    Point origin{Vector(blank.x.size(), 0.0), 0.0, {}};
    origin.evaluate(oracle);
    if (origin.finite()) scale = std::max(scale, rounding * norm(origin.gradient));
  }
  return std::max(scale, std::numeric_limits<double>::min());
}

}  // namespace gradstream::solvers
