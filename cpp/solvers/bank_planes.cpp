// The bank as planes of float64, whatever the layout of its state.
#include <array>
#include <cmath>

#include "solvers/bank.hpp"
#include "solvers/column_unit.hpp"

namespace gradstream::solvers {
namespace {

constexpr std::int64_t kGroup = 1024;  // features settled at a time
constexpr std::int64_t kPack = 8;      // the widest pack a kernel may read past the end

/// Root mean square of a sparse feature's values, where they are read over it; 1 where not.
template <class T>
double own_unit(const BankState<T>& state, std::int64_t j) {
  if (state.places[j] <= 0) return 1.0;
  const double square =
      static_cast<double>(state.records[(state.places[j] - 1) * state.record().width() + state.record().mean_square()]);
  return square > 0.0 ? std::sqrt(square) : 1.0;
}

/// A group of sparse features as planes in the units of their values, the pending penalty paid. `planes[p]` points at
/// the group's first feature.
template <class T>
void settle_group(const Spec& spec, const BankState<T>& state, std::int64_t first, std::int64_t count,
                  double* const* planes) {
  const std::int64_t K = state.K, n = count * K, room = n + kPack;
  const kernels::BankRecord shape = state.record();
  const kernels::BankClocks now = kernels::bank_clocks(*state.counters, *state.experts);
  AlignedVector<double> buffer(static_cast<std::size_t>(3 * room + n * kBankLanes), 0.0);
  double *descent = buffer.data(), *adagrad = descent + room, *total = adagrad + room, *lanes = total + room;
  for (std::int64_t f = 0; f < count; ++f) {
    const std::int32_t place = state.places[first + f];
    for (std::int64_t k = 0; k < K; ++k) total[f * K + k] = spec.optimizer.initial_accumulator;
    if (place <= 0) continue;
    const float* record = state.records + (place - 1) * shape.width();
    kernels::BankClocks since;
    std::memcpy(&since, record + shape.clocks(), sizeof(since));
    std::copy_n(record, K * kBankLanes, lanes + f * K * kBankLanes);
    for (std::int64_t k = 0; k < K; ++k) {
      total[f * K + k] = static_cast<double>(record[shape.accumulators() + k]);
      descent[f * K + k] = now.descent - since.descent;
      adagrad[f * K + k] = now.adagrad - since.adagrad;
    }
  }
  const double awake = kernels::awake_clock(*state.experts, *state.counters);
  kernels::table().settle_bank(spec, n, awake, total, descent, adagrad, lanes);
  for (std::int64_t i = 0; i < n; ++i) {
    const double unit = own_unit(state, first + i / K);
    for (int l = 0; l < kBankLanes; ++l) planes[l][i] = lanes[i * kBankLanes + l] / unit;
    const double start = spec.optimizer.initial_accumulator, summed = total[i] - start;
    planes[kBankLanes][i] = summed > start * 1e-6 ? start + summed * unit * unit : start;  // float32 rounds the start
  }
}

bool untouched(const Spec& spec, const double* planes, std::int64_t flat, std::int64_t first, std::int64_t K) {
  for (std::int64_t i = first; i < first + K; ++i) {
    for (int l = 0; l < kBankLanes; ++l) {
      if (planes[l * flat + i] != 0.0) return false;
    }
    if (planes[kBankLanes * flat + i] != spec.optimizer.initial_accumulator) return false;
  }
  return true;
}

template <class T>
void write_record(const BankState<T>& state, const double* planes, std::int64_t j, float* record) {
  const std::int64_t flat = state.flat(), K = state.K;
  for (std::int64_t k = 0; k < K; ++k) {
    for (int l = 0; l < kBankLanes; ++l) record[k * kBankLanes + l] = static_cast<float>(planes[l * flat + j * K + k]);
    record[state.record().accumulators() + k] = static_cast<float>(planes[kBankLanes * flat + j * K + k]);
  }
}

/// Planes of some features, `stride` apart.
template <class T>
void read_group(const Spec& spec, const BankState<T>& state, std::int64_t first, std::int64_t count, double* planes,
                std::int64_t stride) {
  std::array<double*, kBankPlanes> at;
  for (int p = 0; p < kBankPlanes; ++p) at[static_cast<std::size_t>(p)] = planes + p * stride;
  if (state.sparse) return settle_group(spec, state, first, count, at.data());
  for (int p = 0; p < kBankPlanes; ++p) {
    std::copy_n(state.table + p * state.flat() + first * state.K, count * state.K, planes + p * stride);
  }
}

}  // namespace

template <class T>
std::vector<double> bank_planes(const Spec& spec, const BankState<T>& state) {
  const std::int64_t flat = state.flat();
  std::vector<double> planes(static_cast<std::size_t>(kBankPlanes * flat));
  for (std::int64_t first = 0; first < state.d; first += kGroup) {
    read_group(spec, state, first, std::min(kGroup, state.d - first), planes.data() + first * state.K, flat);
  }
  return planes;
}

template <class T>
Status set_bank_planes(const Spec& spec, BankState<T>& state, const double* planes) {
  const std::int64_t flat = state.flat();
  if (!state.sparse) {
    for (std::int64_t i = 0; i < kBankPlanes * flat; ++i) state.table[i] = static_cast<T>(planes[i]);
    return {};
  }
  std::vector<std::int64_t> kept;
  for (std::int64_t j = 0; j < state.d; ++j) {
    if (!untouched(spec, planes, flat, j * state.K, state.K)) kept.push_back(j);
  }
  const auto needed = static_cast<std::int64_t>(kept.size());
  if (needed > state.capacity) return {Code::full, needed};
  std::fill_n(state.places, state.d, 0);
  for (std::int64_t at = 0; at < needed; ++at) {
    state.places[kept[static_cast<std::size_t>(at)]] = static_cast<std::int32_t>(at + 1);
    start_record(spec, state, at);  // its unit is 1 until its first row
    write_record(state, planes, kept[static_cast<std::size_t>(at)], state.records + at * state.record().width());
  }
  state.experts->features = static_cast<double>(needed);
  return {};
}

template <class T>
std::vector<double> bank_units(const BankState<T>& state) {
  const kernels::BankRecord shape = state.record();
  std::vector<double> units(static_cast<std::size_t>(2 * state.d), 0.0);
  for (std::int64_t j = 0; j < state.d; ++j) {
    if (state.places[j] <= 0) continue;
    const float* record = state.records + (state.places[j] - 1) * shape.width();
    units[static_cast<std::size_t>(j)] = static_cast<double>(record[shape.count()]);
    units[static_cast<std::size_t>(state.d + j)] = static_cast<double>(record[shape.mean_square()]);
  }
  return units;
}

template <class T>
void set_bank_units(const Spec& spec, BankState<T>& state, const double* weight, const double* mean_square) {
  const kernels::BankRecord shape = state.record();
  const double start = spec.optimizer.initial_accumulator;
  for (std::int64_t j = 0; j < state.d; ++j) {
    if (state.places[j] <= 0 || !(mean_square[j] > 0.0)) continue;
    float* record = state.records + (state.places[j] - 1) * shape.width();
    const double unit = std::sqrt(mean_square[j]) / own_unit(state, j);
    for (std::int64_t i = 0; i < shape.accumulators(); ++i) {
      record[i] = static_cast<float>(static_cast<double>(record[i]) * unit);
    }
    for (std::int64_t k = 0; k < state.K; ++k) {
      float& total = record[shape.accumulators() + k];
      const double summed = static_cast<double>(total) - start;
      total = static_cast<float>(summed > start * 1e-6 ? start + summed / (unit * unit) : start);
    }
    record[shape.count()] = static_cast<float>(weight[j]);
    record[shape.mean_square()] = static_cast<float>(mean_square[j]);
  }
}

template <class T>
LinearCoefficients bank_coefficients(const Spec& spec, const BankState<T>& state) {
  const std::int64_t K = state.K, group = std::min(kGroup, state.d);
  LinearCoefficients out{std::vector<double>(static_cast<std::size_t>(state.flat()), 0.0),
                         std::vector<double>(static_cast<std::size_t>(K), 0.0)};
  const auto averaged = [&](const double* values, std::int64_t stride) {
    double sum = 0.0;
    for (int l = 0; l < kBankLanes; ++l) sum += state.experts->weight[l] * values[l * stride];
    return sum;
  };
  for (std::int64_t k = 0; k < K; ++k) out.intercept[static_cast<std::size_t>(k)] = averaged(state.bias + k, K);
  std::vector<double> planes(static_cast<std::size_t>(kBankPlanes * group * K));
  for (std::int64_t first = 0; first < state.d; first += group) {
    const std::int64_t count = std::min(group, state.d - first);
    if (state.sparse && std::all_of(state.places + first, state.places + first + count, [](auto p) { return p <= 0; }))
      continue;
    read_group(spec, state, first, count, planes.data(), group * K);
    for (std::int64_t f = 0; f < count; ++f) {
      const ColumnUnit unit = column_unit(spec, state, first + f);
      for (std::int64_t k = 0; k < K; ++k) {
        const double coef = averaged(planes.data() + f * K + k, group * K) * unit.scale;
        out.coef[static_cast<std::size_t>(k * state.d + first + f)] = coef;
        out.intercept[static_cast<std::size_t>(k)] -= coef * unit.center;
      }
    }
  }
  return out;
}

#define GRADSTREAM_INSTANTIATE(T)                                                            \
  template std::vector<double> bank_planes<T>(const Spec&, const BankState<T>&);             \
  template Status set_bank_planes<T>(const Spec&, BankState<T>&, const double*);             \
  template std::vector<double> bank_units<T>(const BankState<T>&);                           \
  template void set_bank_units<T>(const Spec&, BankState<T>&, const double*, const double*); \
  template LinearCoefficients bank_coefficients<T>(const Spec&, const BankState<T>&)
GRADSTREAM_INSTANTIATE(float);
GRADSTREAM_INSTANTIATE(double);
#undef GRADSTREAM_INSTANTIATE

}  // namespace gradstream::solvers
