#include "solvers/streaming.hpp"

#include <atomic>
#include <optional>

#include "parallel/parallel_for.hpp"
#include "solvers/sparse_records.hpp"

namespace gradstream::solvers {
namespace {

/// Rows per block of a parallel report: about 100 us of work, so that one-row calls and small chunks never wake a
/// thread.
constexpr std::int64_t kReportElements = 1 << 18;

template <class View>
std::int64_t elements_per_row(const View& X) {
  if constexpr (is_csr<View>) {
    return X.rows > 0 ? 1 + 8 * X.stored() / X.rows : 1;
  } else {
    return X.columns + 8;
  }
}

}  // namespace

template <class View>
Status stream_rows(const View& X, RowSet rows, const Spec& spec, LearnerState<typename View::value_type>& state,
                   const LearnInputs& inputs, double& loss) {
  using T = typename View::value_type;
  const auto& kernel = kernels::table().of(X);
  std::optional<DenseWorkspace<T>> dense;
  if constexpr (!is_csr<View>) dense.emplace(spec, state);
  kernels::StreamJob<T> job = stream_job(spec, state, dense ? &*dense : nullptr, inputs.frozen);
  job.y = inputs.y;
  job.weight = inputs.weight;
  job.weight_factor = inputs.weight_factor;
  job.report = inputs.report;
  job.want_loss = inputs.want_loss;
  AlignedVector<double> workspace(static_cast<std::size_t>(kernel.stream_workspace(X, rows, state.K)));
  job.workspace = workspace.data();
  Status status;
  do {
    const double clock_before = state.counters->clock;
    status = kernel.learn(X, rows, job);
    loss += job.loss;
    if (status.code != Code::rescale) break;
    fold_records(spec, state, clock_before, inputs.before_fold);
    if (job.report != nullptr) job.report += status.row * state.K;
    rows = rows.part(status.row, rows.count - status.row);
  } while (true);
  if (status.ok() && dense && !dense->commit(state))
    return {Code::non_finite, rows.count > 0 ? rows[rows.count - 1] : -1};
  return status;
}

template <class View>
Status report_rows(const View& X, const Spec& spec, const LearnerState<typename View::value_type>& state, double* out,
                   int n_threads) {
  using T = typename View::value_type;
  const auto& kernel = kernels::table().of(X);
  std::optional<DenseWorkspace<T>> dense;
  if constexpr (!is_csr<View>) dense.emplace(spec, state);
  const std::int64_t per_block = std::max<std::int64_t>(64, kReportElements / elements_per_row(X));
  const std::int64_t blocks = (X.rows + per_block - 1) / per_block;
  const std::int64_t scratch = kernel.stream_workspace(X, {0, X.rows}, state.K);
  std::atomic<std::int64_t> first_bad{X.rows};
  parallel::for_blocks(blocks, n_threads, [&](std::int64_t b) {
    kernels::StreamJob<T> job = stream_job(spec, state, dense ? &*dense : nullptr, true);
    AlignedVector<double> workspace(static_cast<std::size_t>(scratch));
    const RowSet rows{b * per_block, std::min(per_block, X.rows - b * per_block)};
    job.workspace = workspace.data();
    job.report = out + rows.begin * state.K;
    const Status status = kernel.report(X, rows, job);
    std::int64_t lowest = first_bad.load();
    while (!status.ok() && status.row < lowest && !first_bad.compare_exchange_weak(lowest, status.row)) {
    }
  });
  if (first_bad.load() < X.rows) return {Code::non_finite, first_bad.load()};
  return {};
}

#define GRADSTREAM_INSTANTIATE(...)                                                                             \
  template Status stream_rows<__VA_ARGS__>(const __VA_ARGS__&, RowSet, const Spec&,                             \
                                           LearnerState<typename __VA_ARGS__::value_type>&, const LearnInputs&, \
                                           double&);                                                            \
  template Status report_rows<__VA_ARGS__>(const __VA_ARGS__&, const Spec&,                                     \
                                           const LearnerState<typename __VA_ARGS__::value_type>&, double*, int)
GRADSTREAM_FOR_EACH_VIEW(GRADSTREAM_INSTANTIATE);
#undef GRADSTREAM_INSTANTIATE

}  // namespace gradstream::solvers
