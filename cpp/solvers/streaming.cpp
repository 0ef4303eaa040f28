#include "solvers/streaming.hpp"

#include <atomic>
#include <optional>

#include "parallel/parallel_for.hpp"
#include "solvers/sparse_records.hpp"
#include "solvers/undo.hpp"

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

/// A copy of a dense state to read rows by; none of a sparse one, which is read where it is.
template <class View>
std::optional<DenseWorkspace<typename View::value_type>> reading_copy(
    const Spec& spec, const LearnerState<typename View::value_type>& state,
    LearnerMemory<typename View::value_type>& memory) {
  if constexpr (is_csr<View>) {
    return std::nullopt;
  } else {
    std::optional<DenseWorkspace<typename View::value_type>> dense;
    {
      const parallel::CommitGate::Reading reading(*state.gate);
      dense.emplace(spec, state, memory);
    }
    dense->measure_scale();
    return dense;
  }
}

/// What a row may change of a sparse state, put back unless `keep` is called: the records of its features, and once in
/// a long while the whole table.
template <class View>
class RowUndo {
 public:
  using T = typename View::value_type;

  RowUndo(const View& x, const Spec& spec, LearnerState<T>& state, LearnerMemory<T>& memory)
      : x_(x), state_(state), memory_(memory), width_(record_width<T>(spec)), counters_(*state.counters) {
    memory_.bias.assign(state.bias, state.bias + (1 + slot_count(spec)) * state.K);
    memory_.records.resize(static_cast<std::size_t>(x.stored() * width_));
    each_record([&](T* record, T* kept) { std::copy_n(record, width_, kept); });
  }
  ~RowUndo() {
    if (!kept_) restore();
  }
  RowUndo(const RowUndo&) = delete;
  RowUndo& operator=(const RowUndo&) = delete;

  void keep() { kept_ = true; }
  void remember_table() { table_.assign(state_.table, state_.table + state_.d * width_); }

 private:
  void restore() {
    *state_.counters = counters_;
    std::copy(table_.begin(), table_.end(), state_.table);
    std::copy(memory_.bias.begin(), memory_.bias.end(), state_.bias);
    each_record([&](T* record, T* kept) { std::copy_n(kept, width_, record); });
  }

  template <class F>
  void each_record(F&& f) {
    T* kept = memory_.records.data();
    for (std::int64_t e = 0; e < x_.stored(); ++e, kept += width_) {
      f(state_.table + static_cast<std::int64_t>(x_.indices[e]) * width_, kept);
    }
  }

  const View& x_;
  LearnerState<T>& state_;
  LearnerMemory<T>& memory_;
  std::int64_t width_;
  kernels::Counters counters_;
  std::vector<T> table_;
  bool kept_ = false;
};

}  // namespace

template <class View>
Status stream_rows(const View& X, RowSet rows, const Spec& spec, LearnerState<typename View::value_type>& state,
                   const LearnInputs& inputs, LearnerMemory<typename View::value_type>& memory, double& loss) {
  using T = typename View::value_type;
  const auto& kernel = kernels::table().of(X);
  std::optional<DenseWorkspace<T>> dense;
  if constexpr (!is_csr<View>) {
    dense.emplace(spec, state, memory);
    if (inputs.frozen || inputs.report != nullptr) dense->measure_scale();
  }
  kernels::StreamJob<T> job =
      stream_job(spec, dense ? dense->draft() : state, dense ? &*dense : nullptr, inputs.frozen);
  job.y = inputs.y;
  job.weight = inputs.weight;
  job.weight_factor = inputs.weight_factor;
  job.report = inputs.report;
  job.want_loss = inputs.want_loss;
  memory.scratch.resize(static_cast<std::size_t>(kernel.stream_workspace(X, rows, state.K)));
  job.workspace = memory.scratch.data();
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
Status learn_row(const View& x, const Spec& spec, LearnerState<typename View::value_type>& state,
                 const LearnInputs& inputs, LearnerMemory<typename View::value_type>& memory) {
  double loss = 0.0;
  if constexpr (is_csr<View>) {
    const auto undoable = [&](auto&& undo) {
      LearnInputs row = inputs;
      row.before_fold = [&undo] { undo.remember_table(); };
      const Status status = stream_rows(x, {0, 1}, spec, state, row, memory, loss);
      if (status.ok()) undo.keep();
      return status;
    };
    if (state.mean == nullptr) return undoable(RowUndo<View>(x, spec, state, memory));
    return undoable(Undo<typename View::value_type>(x, spec, state));
  } else {
    return stream_rows(x, {0, 1}, spec, state, inputs, memory, loss);
  }
}

template <class View>
Status report_rows(const View& X, const Spec& spec, const LearnerState<typename View::value_type>& state,
                   LearnerMemory<typename View::value_type>& memory, double* out, int n_threads) {
  using T = typename View::value_type;
  const auto& kernel = kernels::table().of(X);
  std::optional<DenseWorkspace<T>> dense = reading_copy<View>(spec, state, memory);
  const auto report = [&](RowSet rows, AlignedVector<double>& scratch) {
    kernels::StreamJob<T> job = stream_job(spec, dense ? dense->draft() : state, dense ? &*dense : nullptr, true);
    scratch.resize(static_cast<std::size_t>(kernel.stream_workspace(X, rows, state.K)));
    job.workspace = scratch.data();
    job.report = out + rows.begin * state.K;
    return kernel.report(X, rows, job);
  };
  const std::int64_t per_block = std::max<std::int64_t>(64, kReportElements / elements_per_row(X));
  if (X.rows <= per_block) return report({0, X.rows}, memory.scratch);
  std::atomic<std::int64_t> first_bad{X.rows};
  parallel::for_blocks((X.rows + per_block - 1) / per_block, n_threads, [&](std::int64_t b) {
    AlignedVector<double> scratch;
    const Status status = report({b * per_block, std::min(per_block, X.rows - b * per_block)}, scratch);
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
                                           LearnerMemory<typename __VA_ARGS__::value_type>&, double&);          \
  template Status report_rows<__VA_ARGS__>(const __VA_ARGS__&, const Spec&,                                     \
                                           const LearnerState<typename __VA_ARGS__::value_type>&,               \
                                           LearnerMemory<typename __VA_ARGS__::value_type>&, double*, int)
GRADSTREAM_FOR_EACH_VIEW(GRADSTREAM_INSTANTIATE);
#undef GRADSTREAM_INSTANTIATE

#define GRADSTREAM_INSTANTIATE(...)                                                                           \
  template Status learn_row<__VA_ARGS__>(const __VA_ARGS__&, const Spec&,                                     \
                                         LearnerState<typename __VA_ARGS__::value_type>&, const LearnInputs&, \
                                         LearnerMemory<typename __VA_ARGS__::value_type>&)
GRADSTREAM_FOR_EACH_ROW_VIEW(GRADSTREAM_INSTANTIATE);
#undef GRADSTREAM_INSTANTIATE

}  // namespace gradstream::solvers
