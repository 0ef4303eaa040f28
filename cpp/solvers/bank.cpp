#include "solvers/bank.hpp"

#include <atomic>
#include <optional>

#include "parallel/parallel_for.hpp"
#include "solvers/vectors.hpp"

namespace gradstream::solvers {
namespace {

constexpr std::int64_t kSlice = 1 << 15;           // rows between two looks at Ctrl-C
constexpr std::int64_t kReportElements = 1 << 18;  // per block of a parallel report

/// A dense bank in the shape kernels want: planes padded to whole packs, beside the scale of the current statistics;
/// what else a row changes as it will be. A copy, so that what fails leaves nothing behind and nobody reads half of a
/// call.
template <class T>
class DenseBankWorkspace {
 public:
  DenseBankWorkspace(const BankState<T>& state, BankMemory<T>& memory)
      : flat_(state.flat()), width_((flat_ + 15) / 16 * 16), memory_(memory) {
    memory_.planes.resize(static_cast<std::size_t>(kBankPlanes * width_));
    for (int p = 0; p < kBankPlanes; ++p) {
      std::copy_n(state.table + p * flat_, flat_, plane(p));
      std::fill(plane(p) + flat_, plane(p) + width_, p < kBankLanes ? T(0) : T(1));
    }
    memory_.bias.assign(state.bias, state.bias + kBankPlanes * state.K);
    memory_.counters = *state.counters;
    memory_.experts = *state.experts;
    if (state.mean == nullptr) return;
    statistics_width_ = (state.d + 7) / 8 * 8;
    memory_.statistics.resize(static_cast<std::size_t>(3 * statistics_width_));
    for (int which = 0; which < 3; ++which) std::fill_n(statistic(which) + state.d, statistics_width_ - state.d, 0.0);
    std::copy_n(state.mean, state.d, statistic(0));
    std::copy_n(state.m2, state.d, statistic(1));
  }

  /// 1/sd as of the state: what rows are reported by. Learning measures it anew with every row.
  void measure_scale(const BankState<T>& state) {
    if (statistics_width_ == 0) return;
    kernels::table().inverse_deviation(state.d, statistic(0), statistic(1), memory_.counters.weight, statistic(2));
  }

  T* plane(int p) { return memory_.planes.data() + p * width_; }
  /// Mean, m2 and 1/sd; null when rows are read as they are.
  double* statistic(int which) {
    return statistics_width_ == 0 ? nullptr : memory_.statistics.data() + which * statistics_width_;
  }

  /// A job on the copy.
  kernels::BankJob<T> job(const Spec& spec) {
    kernels::BankJob<T> job;
    job.spec = &spec;
    job.bias = memory_.bias.data();
    job.counters = &memory_.counters;
    job.experts = &memory_.experts;
    const bool center = spec.standardize == Standardize::center_scale;
    job.standardizer = {statistic(0), statistic(1), nullptr, statistic(2), center, false};
    for (int p = 0; p < kBankPlanes; ++p) job.table.plane[p] = plane(p);
    return job;
  }

  /// Writes all of it back; false, and nothing written, when a number of the statistics is not finite (planes have been
  /// seen to).
  bool commit(const BankState<T>& state) {
    if (!all_finite(2 * statistics_width_, memory_.statistics.data())) return false;
    const parallel::CommitGate::Writing writing(*state.gate);
    for (int p = 0; p < kBankPlanes; ++p) std::copy_n(plane(p), flat_, state.table + p * flat_);
    std::copy_n(memory_.bias.data(), kBankPlanes * state.K, state.bias);
    *state.counters = memory_.counters;
    *state.experts = memory_.experts;
    if (statistics_width_ == 0) return true;
    std::copy_n(statistic(0), state.d, state.mean);
    std::copy_n(statistic(1), state.d, state.m2);
    return true;
  }

 private:
  std::int64_t flat_, width_;
  std::int64_t statistics_width_ = 0;
  BankMemory<T>& memory_;
};

/// A job on a sparse bank where it is.
template <class T>
kernels::BankJob<T> sparse_job(const Spec& spec, const BankState<T>& state) {
  kernels::BankJob<T> job;
  job.spec = &spec;
  job.bias = state.bias;
  job.counters = state.counters;
  job.experts = state.experts;
  job.standardizer = {state.mean, state.m2, state.seen, nullptr, false, false};
  job.table.record = state.records;
  job.table.place = state.places;
  return job;
}

template <class View>
Status learn_slices(const kernels::ViewKernels<View>& kernel, const View& X,
                    BankState<typename View::value_type>& state, const BankInputs& inputs,
                    kernels::BankJob<typename View::value_type>& job, const Interrupted& interrupted) {
  job.y = inputs.y;
  job.weight = inputs.weight;
  for (std::int64_t first = 0; first < X.rows; first += kSlice) {
    const RowSet rows{first, std::min(kSlice, X.rows - first)};
    state.memory.scratch.resize(static_cast<std::size_t>(kernel.bank_workspace(X, rows, state.K)));
    job.workspace = state.memory.scratch.data();
    job.report = inputs.report != nullptr ? inputs.report + first * state.K : nullptr;
    const Status status = kernel.bank_learn(X, rows, job);
    if (!status.ok()) return status;
    if (first + kSlice < X.rows && interrupted()) return {Code::interrupted, -1};
  }
  return {};
}

template <class View>
Status learn_dense(const View& X, const Spec& spec, BankState<typename View::value_type>& state,
                   const BankInputs& inputs, const Interrupted& interrupted) {
  using T = typename View::value_type;
  const auto& kernel = kernels::table().of(X);
  DenseBankWorkspace<T> workspace(state, state.memory);
  const bool still = kernels::resting(*state.experts, *state.counters);
  if (inputs.report != nullptr || still) workspace.measure_scale(state);
  kernels::BankJob<T> job = workspace.job(spec);
  const Status status = learn_slices(kernel, X, state, inputs, job, interrupted);
  if (!status.ok()) return status;
  if (!workspace.commit(state)) return {Code::non_finite, X.rows - 1};
  return {};
}

template <class View>
Status learn_sparse(const View& X, const Spec& spec, BankState<typename View::value_type>& state,
                    const BankInputs& inputs, const Interrupted& interrupted) {
  using T = typename View::value_type;
  BankUndo<T> undo(X, state);
  Status status = start_features(X, inputs.weight, spec, state, state.memory.met);
  if (!status.ok()) return status;
  auto job = sparse_job<T>(spec, state);
  status = learn_slices(kernels::table().of(X), X, state, inputs, job, interrupted);
  if (status.ok()) undo.keep();
  return status;
}

/// Margins of the averaged model of the bank as it stands: of a copy of it where it is dense.
template <class View>
class BankReader {
 public:
  using T = typename View::value_type;

  BankReader(const Spec& spec, const BankState<T>& state, BankMemory<T>& memory) : spec_(spec), state_(state) {
    if constexpr (!is_csr<View>) {
      {
        const parallel::CommitGate::Reading reading(*state.gate);
        dense_.emplace(state, memory);
      }
      dense_->measure_scale(state);
    }
  }

  Status report(const View& X, RowSet rows, double* out, AlignedVector<double>& scratch) {
    const auto& kernel = kernels::table().of(X);
    kernels::BankJob<T> job = dense_ ? dense_->job(spec_) : sparse_job(spec_, state_);
    scratch.resize(static_cast<std::size_t>(kernel.bank_workspace(X, rows, state_.K)));
    job.workspace = scratch.data();
    job.report = out;
    return kernel.bank_report(X, rows, job);
  }

 private:
  const Spec& spec_;
  const BankState<T>& state_;
  std::optional<DenseBankWorkspace<T>> dense_;
};

}  // namespace

template <class View>
Status bank_learn(const View& X, const Spec& spec, BankState<typename View::value_type>& state,
                  const BankInputs& inputs, const Interrupted& interrupted) {
  if constexpr (is_csr<View>) {
    return learn_sparse(X, spec, state, inputs, interrupted);
  } else {
    return learn_dense(X, spec, state, inputs, interrupted);
  }
}

template <class View>
Status bank_report(const View& X, const Spec& spec, const BankState<typename View::value_type>& state,
                   BankMemory<typename View::value_type>& memory, double* out, int n_threads) {
  BankReader<View> reader(spec, state, memory);
  const std::int64_t per_row = is_csr<View> ? 4096 : X.columns + 8;
  const std::int64_t per_block = std::max<std::int64_t>(64, kReportElements / per_row);
  if (X.rows <= per_block) return reader.report(X, {0, X.rows}, out, memory.scratch);
  std::atomic<std::int64_t> first_bad{X.rows};
  parallel::for_blocks((X.rows + per_block - 1) / per_block, n_threads, [&](std::int64_t b) {
    const RowSet rows{b * per_block, std::min(per_block, X.rows - b * per_block)};
    AlignedVector<double> scratch;
    const Status status = reader.report(X, rows, out + rows.begin * state.K, scratch);
    std::int64_t lowest = first_bad.load();
    while (!status.ok() && status.row < lowest && !first_bad.compare_exchange_weak(lowest, status.row)) {
    }
  });
  if (first_bad.load() < X.rows) return {Code::non_finite, first_bad.load()};
  return {};
}

#define GRADSTREAM_INSTANTIATE(...)                                                                        \
  template Status bank_learn<__VA_ARGS__>(const __VA_ARGS__&, const Spec&,                                 \
                                          BankState<typename __VA_ARGS__::value_type>&, const BankInputs&, \
                                          const Interrupted&);                                             \
  template Status bank_report<__VA_ARGS__>(const __VA_ARGS__&, const Spec&,                                \
                                           const BankState<typename __VA_ARGS__::value_type>&,             \
                                           BankMemory<typename __VA_ARGS__::value_type>&, double*, int)
GRADSTREAM_FOR_EACH_VIEW(GRADSTREAM_INSTANTIATE);
#undef GRADSTREAM_INSTANTIATE

}  // namespace gradstream::solvers
