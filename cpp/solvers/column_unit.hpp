// How a model reads a column by the running statistics of its state.
#pragma once

#include <cstdint>

#include "kernels/table.hpp"

namespace gradstream::solvers {

/// Mean and squared deviations of a column at `weight`; a sparse column's absent zeros merged in.
struct ColumnStatistics {
  double mean;
  double m2;
};
template <class State>
ColumnStatistics column_statistics(const State& state, std::int64_t j, double weight) {
  const double mean = state.mean[j];
  if (!state.sparse || !(weight > state.seen[j])) return {mean, state.m2[j]};
  const double seen = state.seen[j];
  return {mean * (seen / weight), state.m2[j] + mean * mean * seen * ((weight - seen) / weight)};
}

/// (x - center) scale.
struct ColumnUnit {
  double scale = 1.0;
  double center = 0.0;
};
template <class State>
ColumnUnit column_unit(const Spec& spec, const State& state, std::int64_t j) {
  ColumnUnit unit;
  if (state.mean == nullptr) return unit;
  const double weight = state.counters->weight;
  const ColumnStatistics column = column_statistics(state, j, weight);
  kernels::table().inverse_deviation(1, &column.mean, &column.m2, weight, &unit.scale);
  if (spec.standardize == Standardize::center_scale) unit.center = column.mean;
  return unit;
}

}  // namespace gradstream::solvers
