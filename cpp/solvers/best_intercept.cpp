#include "solvers/best_intercept.hpp"

#include <algorithm>
#include <limits>
#include <numeric>

namespace gradstream::solvers {
namespace {

/// Targets of one column with their weights: two rows for a class against the rest, all rows in regression.
struct Column {
  Vector y;
  Vector weight;
};

double weight_of(const kernels::Targets& targets, std::int64_t i) { return targets.weight != nullptr ? targets.weight[i] : 1.0; }

bool two_valued(const kernels::Targets& targets, std::int64_t rows) {
  return std::all_of(targets.y, targets.y + rows, [](double y) { return y == 1.0 || y == -1.0; });
}

Column column(const LossSpec& loss, const kernels::Targets& targets, std::int64_t rows, std::int64_t k) {
  if (loss.kind == ColumnsKind::single && !two_valued(targets, rows)) {
    Column all{Vector(targets.y, targets.y + rows), Vector(static_cast<std::size_t>(rows))};
    for (std::int64_t i = 0; i < rows; ++i) all.weight[static_cast<std::size_t>(i)] = weight_of(targets, i);
    return all;
  }
  Column two{{-1.0, 1.0}, {0.0, 0.0}};
  const double positive = loss.kind == ColumnsKind::single ? 1.0 : static_cast<double>(k);
  for (std::int64_t i = 0; i < rows; ++i) two.weight[targets.y[i] == positive ? 1 : 0] += weight_of(targets, i);
  return two;
}

/// Sum of s r at a common margin b: it grows with b.
class Slope {
 public:
  Slope(const LossSpec& loss, const Column& column) : column_(column), z_(column.y.size()), r_(column.y.size()) {
    loss_ = loss;
    loss_.kind = ColumnsKind::single;
    loss_.columns = 1;
  }
  double operator()(double b) {
    std::fill(z_.begin(), z_.end(), b);
    const auto n = static_cast<std::int64_t>(z_.size());
    kernels::table().loss_rows(loss_, n, z_.data(), column_.y.data(), column_.weight.data(), r_.data());
    double total = 0.0, size = 0.0;
    for (const double r : r_) {
      total += r;
      size += std::abs(r);
    }
    return std::abs(total) <= 1e-15 * size ? 0.0 : total;
  }

 private:
  const Column& column_;
  LossSpec loss_;
  Vector z_, r_;
};

/// Root of a growing function by the Illinois variant of false position, from a bracket found by doubling.
double root(Slope& slope, double from) {
  constexpr double far = 1e3;
  const double at = slope(from);
  if (at == 0.0) return from;
  const double side = at < 0.0 ? 1.0 : -1.0;
  double near = from, f_near = at, step = 1.0, end = from + side, f_end = slope(end);
  while (f_end * side < 0.0 && step < far * (1.0 + std::abs(from))) {
    near = end, f_near = f_end, step *= 2.0;
    end = from + side * step, f_end = slope(end);
  }
  if (!(f_end * side >= 0.0)) return near;
  for (int round = 0; round < 100 && f_end != 0.0; ++round) {
    const double next = std::isfinite(f_end) ? end - f_end * (end - near) / (f_end - f_near) : 0.5 * (near + end);
    if (next == end || next == near || std::abs(end - near) <= 1e-15 * std::abs(end)) break;
    const double f_next = slope(next);
    if ((f_next < 0.0) != (f_end < 0.0)) {
      near = end, f_near = f_end;
    } else {
      f_near *= 0.5;
    }
    end = next, f_end = f_next;
  }
  return end;
}

double best_common_margin(const LossSpec& loss, const Column& column) {
  Slope slope(loss, column);
  const double total = std::accumulate(column.weight.begin(), column.weight.end(), 0.0);
  const double mean = dot(column.weight, column.y) / total;
  // Exact for squared losses and for exponential ones; a start for the others.
  if (slope(mean) == 0.0) return mean;
  if (mean > 0.0 && slope(std::log(mean)) == 0.0) return std::log(mean);
  return root(slope, mean);
}

Vector log_priors(const LossSpec& loss, const kernels::Targets& targets, std::int64_t rows) {
  Vector prior(static_cast<std::size_t>(loss.columns));
  double total = 0.0;
  for (std::int64_t i = 0; i < rows; ++i) {
    prior[static_cast<std::size_t>(targets.y[i])] += weight_of(targets, i);
    total += weight_of(targets, i);
  }
  for (double& p : prior) p = std::log(std::max(p / total, 1e-12));
  const double mean = std::accumulate(prior.begin(), prior.end(), 0.0) / static_cast<double>(loss.columns);
  for (double& p : prior) p -= mean;
  return prior;
}

}  // namespace

Vector best_intercepts(const LossSpec& loss, const kernels::Targets& targets, std::int64_t rows) {
  if (loss.kind == ColumnsKind::softmax) return log_priors(loss, targets, rows);
  Vector best(static_cast<std::size_t>(loss.columns));
  for (std::int64_t k = 0; k < loss.columns; ++k) {
    best[static_cast<std::size_t>(k)] = best_common_margin(loss, column(loss, targets, rows, k));
  }
  return best;
}

double best_hinge_intercept(const Vector& margins, const Vector& y, const Vector& weight) {
  const std::size_t n = y.size();
  std::vector<std::size_t> order(n);
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto kink = [&](std::size_t i) { return y[i] - margins[i]; };  // where y (margin + b) = 1
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return kink(a) < kink(b); });
  double slope = 0.0, total = 0.0;  // left of all kinks every positive row is short of its margin
  for (std::size_t i = 0; i < n; ++i) {
    if (y[i] > 0.0) slope -= weight[i];
    total += weight[i];
  }
  const double zero = 1e-12 * total;
  double low = -std::numeric_limits<double>::infinity(), high = low;
  for (const std::size_t i : order) {
    if (weight[i] == 0.0) continue;
    if (slope < -zero) low = kink(i);
    slope += weight[i];
    high = kink(i);
    if (slope > zero) break;
  }
  if (!std::isfinite(high)) return 0.0;
  return std::isfinite(low) ? 0.5 * (low + high) : high;
}

}  // namespace gradstream::solvers
