#include "solvers/best_intercept.hpp"

#include <algorithm>
#include <limits>
#include <numeric>
#include <optional>

#include "parallel/interruption.hpp"

namespace gradstream::solvers {
namespace {

/// Targets of one column with their weights: two rows for a class against the rest, all rows in regression.
struct Column {
  Vector y;
  Vector weight;
};

double weight_of(const kernels::Targets& targets, std::int64_t i) {
  return targets.weight != nullptr ? targets.weight[i] : 1.0;
}

bool two_valued(const kernels::Targets& targets, std::int64_t rows) {
  constexpr std::int64_t block = 1024;  // without a branch in each row
  for (std::int64_t begin = 0; begin < rows; begin += block) {
    std::int64_t others = 0;
    for (std::int64_t i = begin; i < std::min(begin + block, rows); ++i)
      others += std::abs(targets.y[i]) == 1.0 ? 0 : 1;
    if (others > 0) return false;
  }
  return true;
}

/// Weights of the rows of a class and of the rest. Running sums in turn: one would wait for itself.
Column class_against_rest(const kernels::Targets& targets, std::int64_t rows, double of_class) {
  Column two{{-1.0, 1.0}, {0.0, 0.0}};
  if (targets.weight == nullptr) {
    const auto in_class = std::count(targets.y, targets.y + rows, of_class);
    two.weight = {static_cast<double>(rows - in_class), static_cast<double>(in_class)};
    return two;
  }
  constexpr std::int64_t lanes = 4;
  double sums[lanes][2] = {};
  for (std::int64_t i = 0; i < rows; ++i) sums[i % lanes][targets.y[i] == of_class ? 1 : 0] += targets.weight[i];
  for (const auto& sum : sums) {
    two.weight[0] += sum[0];
    two.weight[1] += sum[1];
  }
  return two;
}

Column column(const LossSpec& loss, const kernels::Targets& targets, std::int64_t rows, std::int64_t k) {
  if (loss.kind == ColumnsKind::single && !two_valued(targets, rows)) {
    Column all{Vector(targets.y, targets.y + rows), Vector(static_cast<std::size_t>(rows))};
    for (std::int64_t i = 0; i < rows; ++i) all.weight[static_cast<std::size_t>(i)] = weight_of(targets, i);
    return all;
  }
  return class_against_rest(targets, rows, loss.kind == ColumnsKind::single ? 1.0 : static_cast<double>(k));
}

/// Sum of s r at a common margin b: it grows with b. Exactly 0 where nothing but rounding is left.
class Slope {
 public:
  Slope(const LossSpec& loss, const Column& column) : column_(column), z_(column.y.size()), r_(column.y.size()) {
    loss_ = loss;
    loss_.kind = ColumnsKind::single;
    loss_.columns = 1;
    for (std::size_t i = 0; i < column.y.size(); ++i) target_size_ += column.weight[i] * std::abs(column.y[i]);
  }
  double operator()(double b) {
    parallel::look_for_interruption();
    std::fill(z_.begin(), z_.end(), b);
    const auto n = static_cast<std::int64_t>(z_.size());
    kernels::table().loss_rows(loss_, n, z_.data(), column_.y.data(), column_.weight.data(), r_.data());
    double total = 0.0, size = target_size_;
    for (const double r : r_) {
      total += r;
      size += std::abs(r);
    }
    return std::isfinite(total) && std::abs(total) <= 1e-15 * size ? 0.0 : total;
  }

 private:
  const Column& column_;
  LossSpec loss_;
  Vector z_, r_;
  double target_size_ = 0.0;
};

struct Bracket {
  double near, f_near;  // the older end
  double end, f_end;
};

/// Root of a growing function in a bracket, by the Illinois variant of false position.
double root_in(Slope& slope, Bracket b) {
  for (int round = 0; round < 100 && b.f_end != 0.0; ++round) {
    const bool finite = std::isfinite(b.f_end) && std::isfinite(b.f_near);
    const double next = finite ? b.end - b.f_end * (b.end - b.near) / (b.f_end - b.f_near) : 0.5 * (b.near + b.end);
    if (next == b.end || next == b.near || std::abs(b.end - b.near) <= 1e-15 * std::abs(b.end)) break;
    const double f_next = slope(next);
    const bool crossed = (f_next < 0.0) != (b.f_end < 0.0);
    b = crossed ? Bracket{b.end, b.f_end, next, f_next} : Bracket{b.near, 0.5 * b.f_near, next, f_next};
  }
  return b.end;
}

/// Root of a growing function, from a bracket found by doubling up to `reach`; where there is none (a class without
/// weight), `reach`.
double root(Slope& slope, double from, double reach) {
  const double at = slope(from);
  if (at == 0.0) return from;
  const double side = at < 0.0 ? 1.0 : -1.0;
  Bracket bracket{from, at, from + side, slope(from + side)};
  for (double step = 2.0; bracket.f_end * side < 0.0; step *= 2.0) {
    if (step > 2.0 * reach) return from + side * reach;
    bracket = {bracket.end, bracket.f_end, from + side * step, slope(from + side * step)};
  }
  return root_in(slope, bracket);
}

double mean_target(const kernels::Targets& targets, std::int64_t rows) {
  constexpr std::int64_t lanes = 4;
  double sums[lanes] = {}, weights[lanes] = {};
  for (std::int64_t i = 0; i < rows; ++i) {
    const double s = weight_of(targets, i);
    sums[i % lanes] += s * targets.y[i];
    weights[i % lanes] += s;
  }
  return std::accumulate(sums, sums + lanes, 0.0) / std::accumulate(weights, weights + lanes, 0.0);
}

/// The mean of a deviance with such a link predicts itself, whatever the power; its slope need not grow, and vanishes
/// far away too.
std::optional<double> margin_of_mean(const LossSpec& loss, const kernels::Targets& targets, std::int64_t rows) {
  if (!loss.positive && !loss.log_link) return std::nullopt;
  const double mean = mean_target(targets, rows);
  if (loss.positive) return mean;
  return mean > 0.0 ? std::optional(std::log(mean)) : std::nullopt;
}

double best_common_margin(const LossSpec& loss, const Column& column) {
  constexpr double as_good_as_infinite = 50.0;
  Slope slope(loss, column);
  const double total = std::accumulate(column.weight.begin(), column.weight.end(), 0.0);
  const double mean = dot(column.weight, column.y) / total;
  double reach = as_good_as_infinite;
  for (const double y : column.y) reach = std::max(reach, as_good_as_infinite + std::abs(y - mean));
  return root(slope, mean, reach);  // exact for squared losses, a start for the others
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
  if (const auto margin = margin_of_mean(loss, targets, rows)) return {*margin};
  Vector best(static_cast<std::size_t>(loss.columns));
  for (std::int64_t k = 0; k < loss.columns; ++k) {
    best[static_cast<std::size_t>(k)] = best_common_margin(loss, column(loss, targets, rows, k));
  }
  return best;
}

bool meets_all(const LossSpec& loss, const kernels::Targets& targets, std::int64_t rows, double b) {
  constexpr std::int64_t tile = 256;
  const double rounding = 8.0 * std::numeric_limits<double>::epsilon() * std::max(1.0, std::abs(b));
  Vector z(tile), at(tile), before(tile), after(tile);
  for (std::int64_t begin = 0; begin < rows; begin += tile) {
    const std::int64_t count = std::min(tile, rows - begin);
    const auto slopes = [&](double margin, Vector& r) {
      std::fill(z.begin(), z.end(), margin);
      const double* weight = targets.weight != nullptr ? targets.weight + begin : nullptr;
      kernels::table().loss_rows(loss, count, z.data(), targets.y + begin, weight, r.data());
    };
    slopes(b, at);
    slopes(b - rounding, before);
    slopes(b + rounding, after);
    for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
      if (!(std::abs(at[i]) <= std::abs(after[i] - before[i]))) return false;
    }
  }
  return true;
}

double best_hinge_intercept(const Vector& margins, const Vector& y, const Vector& weight) {
  const auto kink = [&](std::size_t i) { return y[i] - margins[i]; };  // where y (margin + b) = 1
  std::vector<std::size_t> order;
  order.reserve(y.size());
  double slope = 0.0, total = 0.0;  // left of all kinks every positive row is short of its margin
  for (std::size_t i = 0; i < y.size(); ++i) {
    if (weight[i] == 0.0) continue;
    order.push_back(i);
    if (y[i] > 0.0) slope -= weight[i];
    total += weight[i];
  }
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return kink(a) < kink(b); });
  const double zero = 1e-12 * total;
  double low = -std::numeric_limits<double>::infinity(), high = low;
  for (const std::size_t i : order) {
    if (slope < -zero) low = kink(i);
    slope += weight[i];
    high = kink(i);
    if (slope > zero) break;
  }
  if (!std::isfinite(high)) return 0.0;
  return std::isfinite(low) ? 0.5 * (low + high) : high;
}

}  // namespace gradstream::solvers
