#include "solvers/planes.hpp"

#include "solvers/column_unit.hpp"
#include "solvers/sparse_records.hpp"

namespace gradstream::solvers {
namespace {

/// A sparse state in groups of features: records to flat float64 planes, caught up with the counters.
template <class T>
void settle_group(const Spec& spec, const LearnerState<T>& state, std::int64_t first, std::int64_t count,
                  double* const* planes) {
  const std::int64_t K = state.K, n = count * K;
  const SparseRecords<T> records(spec, state);
  std::vector<double> times(static_cast<std::size_t>(3 * n), 0.0);
  double *lag = times.data(), *elapsed = lag + n, *last = elapsed + n;
  for (std::int64_t f = 0; f < count; ++f) {
    const RecordTimes own = records.read(first + f, f * K, planes);
    for (std::int64_t k = 0; k < K; ++k) {
      lag[f * K + k] = records.now().clock - own.clock;
      elapsed[f * K + k] = records.now().step - own.step;
      last[f * K + k] = own.step;
    }
  }
  kernels::table().catch_up(spec, step_context(spec), n, lag, elapsed, last, planes);
}

}  // namespace

template <class T>
std::vector<double> settled_planes(const Spec& spec, const LearnerState<T>& state) {
  const std::int64_t flat = state.d * state.K;
  const int slots = slot_count(spec);
  std::vector<double> planes(static_cast<std::size_t>((1 + slots) * flat));
  if (!state.sparse) {
    std::copy_n(state.table, (1 + slots) * flat, planes.begin());
    return planes;
  }
  constexpr std::int64_t kGroup = 1024;
  for (std::int64_t first = 0; first < state.d; first += kGroup) {
    double* group[1 + optimizers::kMaxSlots] = {};
    for (int a = 0; a <= slots; ++a) group[a] = planes.data() + a * flat + first * state.K;
    settle_group(spec, state, first, std::min(kGroup, state.d - first), group);
  }
  return planes;
}

template <class T>
void set_planes(const Spec& spec, LearnerState<T>& state, const double* planes) {
  const std::int64_t flat = state.d * state.K;
  const int slots = slot_count(spec);
  if (!state.sparse) {
    for (std::int64_t i = 0; i < (1 + slots) * flat; ++i) state.table[i] = static_cast<T>(planes[i]);
    return;
  }
  const double* from[1 + optimizers::kMaxSlots] = {};
  for (int a = 0; a <= slots; ++a) from[a] = planes + a * flat;
  const SparseRecords<T> records(spec, state);
  for (std::int64_t j = 0; j < state.d; ++j) records.write(j, j * state.K, from, records.now());
}

template <class T>
LinearCoefficients linear_coefficients(const Spec& spec, const LearnerState<T>& state) {
  const std::vector<double> weights = settled_planes(spec, state);
  LinearCoefficients out{std::vector<double>(static_cast<std::size_t>(state.K * state.d)),
                         {state.bias, state.bias + state.K}};
  for (std::int64_t j = 0; j < state.d; ++j) {
    const ColumnUnit unit = column_unit(spec, state, j);
    for (std::int64_t k = 0; k < state.K; ++k) {
      const double coef = weights[static_cast<std::size_t>(j * state.K + k)] * unit.scale;
      out.coef[static_cast<std::size_t>(k * state.d + j)] = coef;
      out.intercept[static_cast<std::size_t>(k)] -= coef * unit.center;
    }
  }
  return out;
}

template std::vector<double> settled_planes<float>(const Spec&, const LearnerState<float>&);
template std::vector<double> settled_planes<double>(const Spec&, const LearnerState<double>&);
template void set_planes<float>(const Spec&, LearnerState<float>&, const double*);
template void set_planes<double>(const Spec&, LearnerState<double>&, const double*);
template LinearCoefficients linear_coefficients<float>(const Spec&, const LearnerState<float>&);
template LinearCoefficients linear_coefficients<double>(const Spec&, const LearnerState<double>&);

}  // namespace gradstream::solvers
