#include "solvers/learner.hpp"

#include "core/random.hpp"
#include "solvers/mini_batch.hpp"
#include "solvers/undo.hpp"

namespace gradstream::solvers {
namespace {

/// Rows between two looks at the clock: some milliseconds of work at most.
constexpr std::int64_t kSlice = 1 << 15;

template <class View>
using Element = typename View::value_type;

/// The rows of positive weight: all n as they stand, or a list.
class CountedRows {
 public:
  CountedRows(std::int64_t n, const double* weight)
      : n_(n), listed_(weight != nullptr && !std::all_of(weight, weight + n, counts)) {
    for (std::int64_t i = 0; listed_ && i < n; ++i) {
      if (counts(weight[i])) rows_.push_back(i);
    }
  }
  RowSet set() const {
    return listed_ ? RowSet{0, static_cast<std::int64_t>(rows_.size()), rows_.data(),
                            static_cast<std::int64_t>(rows_.size())}
                   : RowSet{0, n_};
  }

 private:
  static bool counts(double s) { return s > 0.0; }
  std::int64_t n_;
  bool listed_;
  std::vector<std::int64_t> rows_;
};

template <class View>
Status learn_slice(const View& X, RowSet rows, const Spec& spec, LearnerState<Element<View>>& state,
                   const LearnInputs& inputs, LearnerMemory<Element<View>>& memory, double& loss) {
  if (spec.batch_size == 1) return stream_rows(X, rows, spec, state, inputs, memory, loss);
  return learn_blocks(X, rows, spec, state, inputs, loss);
}

template <class View>
Status learn_slices(const View& X, RowSet rows, const Spec& spec, LearnerState<Element<View>>& state,
                    const LearnInputs& inputs, LearnerMemory<Element<View>>& memory, const Interrupted& interrupted,
                    double& loss) {
  const std::int64_t slice = std::max(kSlice, spec.batch_size);
  for (std::int64_t first = 0; first < rows.count; first += slice) {
    LearnInputs part = inputs;
    if (part.report != nullptr) part.report += first * state.K;
    const Status status =
        learn_slice(X, rows.part(first, std::min(slice, rows.count - first)), spec, state, part, memory, loss);
    if (!status.ok()) return status;
    if (first + slice < rows.count && interrupted()) return {Code::interrupted, -1};
  }
  return {};
}

/// With blocks the model, and the statistics it reads rows with, change inside a call: report and learn in turn.
template <class View>
Status report_and_learn_blocks(const View& X, const Spec& spec, LearnerState<Element<View>>& state,
                               const LearnInputs& inputs, LearnerMemory<Element<View>>& memory,
                               const Interrupted& interrupted) {
  double loss = 0.0;
  LearnInputs silent = inputs;
  silent.report = nullptr;
  for (std::int64_t i = 0; i < X.rows; ++i) {
    Status status = report_rows(X.one_row(i), spec, state, memory, inputs.report + i * state.K, 1);
    if (status.ok() && (inputs.weight == nullptr || inputs.weight[i] > 0.0)) {
      status = learn_blocks(X, RowSet{i, 1}, spec, state, silent, loss);
    }
    if (!status.ok()) return {status.code, i};
    if (i % 1024 == 1023 && interrupted()) return {Code::interrupted, -1};
  }
  return {};
}

}  // namespace

template <class View>
Status learn(const View& X, const Spec& spec, LearnerState<Element<View>>& state, const LearnInputs& inputs,
             LearnerMemory<Element<View>>& memory, const Interrupted& interrupted) {
  double loss = 0.0;
  if (!is_csr<View> && spec.batch_size == 1 && X.rows <= kSlice) {  // one commit: nothing to undo
    return stream_rows(X, RowSet{0, X.rows}, spec, state, inputs, memory, loss);
  }
  Undo<Element<View>> undo(X, spec, state);
  LearnInputs undoable = inputs;
  undoable.before_fold = [&undo] { undo.remember_table(); };
  Status status;
  if (spec.batch_size > 1 && inputs.report != nullptr) {
    status = report_and_learn_blocks(X, spec, state, undoable, memory, interrupted);
  } else if (spec.batch_size > 1) {
    const CountedRows counted(X.rows, inputs.weight);
    status = learn_slices(X, counted.set(), spec, state, undoable, memory, interrupted, loss);
  } else {
    status = learn_slices(X, RowSet{0, X.rows}, spec, state, undoable, memory, interrupted, loss);
  }
  if (status.ok()) undo.keep();
  return status;
}

template <class View>
Status run_epoch(const View& X, const Spec& spec, LearnerState<Element<View>>& state, const LearnInputs& inputs,
                 const EpochOrder& order, const Interrupted& interrupted, double& mean_loss) {
  const CountedRows rows(X.rows, inputs.weight);
  const RowSet counted = rows.set();
  double total = 0.0;
  for (std::int64_t i = 0; i < counted.count; ++i) total += inputs.weight != nullptr ? inputs.weight[counted[i]] : 1.0;
  LearnInputs epoch = inputs;
  epoch.frozen = true;
  epoch.want_loss = true;
  epoch.weight_factor = static_cast<double>(counted.count) / total;

  std::vector<std::int64_t> visited;
  RowSet visit = counted;
  if (order.shuffle) {
    const Permutation permutation(counted.count, order.seed, order.epoch);
    visited.resize(static_cast<std::size_t>(counted.count));
    for (std::int64_t i = 0; i < counted.count; ++i) visited[static_cast<std::size_t>(i)] = counted[permutation(i)];
    visit = {0, counted.count, visited.data(), counted.count};
  }
  // a block of more rows than there are would divide their gradient by rows that never come
  Spec fitted = spec;
  fitted.batch_size = std::min(spec.batch_size, std::max<std::int64_t>(1, counted.count));
  double loss = 0.0;
  state.counters->epoch = static_cast<double>(order.epoch);
  LearnerMemory<Element<View>> memory;
  Status status = learn_slices(X, visit, fitted, state, epoch, memory, interrupted, loss);
  if (status.ok()) status = flush_block(fitted, state, epoch);
  state.counters->epoch += 1.0;
  mean_loss = loss / (fitted.batch_size == 1 ? total * epoch.weight_factor : total);
  return status;
}

#define GRADSTREAM_INSTANTIATE(...)                                                                                 \
  template Status learn<__VA_ARGS__>(const __VA_ARGS__&, const Spec&, LearnerState<Element<__VA_ARGS__>>&,          \
                                     const LearnInputs&, LearnerMemory<Element<__VA_ARGS__>>&, const Interrupted&); \
  template Status run_epoch<__VA_ARGS__>(const __VA_ARGS__&, const Spec&, LearnerState<Element<__VA_ARGS__>>&,      \
                                         const LearnInputs&, const EpochOrder&, const Interrupted&, double&)
GRADSTREAM_FOR_EACH_VIEW(GRADSTREAM_INSTANTIATE);
#undef GRADSTREAM_INSTANTIATE

}  // namespace gradstream::solvers
