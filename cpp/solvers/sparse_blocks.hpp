// Blocks of CSR rows: only touched features are summed, caught up and stepped. One thread: touched sums per thread
// would cost more than they save.
#pragma once

#include <algorithm>
#include <vector>

#include "solvers/block_step.hpp"
#include "solvers/column_unit.hpp"
#include "solvers/sparse_records.hpp"

namespace gradstream::solvers {

template <class T>
class SparseBlocks {
 public:
  SparseBlocks(const Spec& spec, LearnerState<T>& state, const LearnInputs& inputs)
      : spec_(spec), state_(state), inputs_(inputs), layout_(state.layout()), slots_(slot_count(spec)) {}

  template <class View>
  Status add(const View& X, RowSet rows, double& loss) {
    kernels::Counters& counters = *state_.counters;
    if (counters.block_rows == 0.0) *layout_.start_weight(state_.block) = counters.weight;
    kernels::StreamJob<T> job = stream_job<T>(spec_, state_, nullptr, inputs_.frozen);
    workspace_.resize(static_cast<std::size_t>(kernels::table().of(X).stream_workspace(X, rows, state_.K)));
    job.workspace = workspace_.data();
    job.y = inputs_.y;
    job.weight = inputs_.weight;
    job.want_loss = inputs_.want_loss;
    job.block = {layout_.finished_coef(state_.block), layout_.finished_intercept(state_.block),
                 layout_.scale(state_.block), layout_.touched(state_.block), layout_.first_touched(state_.block)};
    job.block_start_weight = *layout_.start_weight(state_.block);
    const Status status = kernels::table().of(X).accumulate(X, rows, job);
    if (!status.ok()) return status;
    loss += job.loss;
    const bool counted = inputs_.frozen || state_.mean != nullptr;  // with the statistics
    for (std::int64_t i = 0; i < rows.count; ++i) {
      const double s = inputs_.weight != nullptr ? inputs_.weight[rows[i]] : 1.0;
      counters.block_weight += s;
      if (!counted) counters.weight += s;
    }
    counters.block_rows += static_cast<double>(rows.count);
    counters.samples += static_cast<double>(rows.count);
    return {};
  }

  Status step() {
    const BlockStep step = begin_block_step(spec_, state_, inputs_.weight_factor);
    constexpr std::int64_t kGroup = 512;  // features per group: buffers stay in cache
    std::vector<std::int64_t> touched;
    layout_.each_touched(state_.block, [&](std::int64_t j) { touched.push_back(j); });
    const auto count = static_cast<std::int64_t>(touched.size());
    for (std::int64_t first = 0; first < count; first += kGroup) {
      if (!step_group(touched.data() + first, std::min(kGroup, count - first), step)) return {Code::non_finite, -1};
    }
    *layout_.first_touched(state_.block) = 0.0;
    step_intercepts(spec_, state_, step, layout_.finished_intercept(state_.block));
    std::fill_n(layout_.finished_intercept(state_.block), state_.K, 0.0);
    const double clock_before = state_.counters->clock;
    end_block_step(state_, step);
    fold_records(spec_, state_, clock_before, inputs_.before_fold);
    return {};
  }

 private:
  bool step_group(const std::int64_t* features, std::int64_t count, const BlockStep& step) {
    const std::int64_t K = state_.K, n = count * K;
    buffers_.assign(static_cast<std::size_t>((1 + slots_ + 4) * n), 0.0);
    double* slots[1 + optimizers::kMaxSlots] = {};
    for (int a = 0; a <= slots_; ++a) slots[a] = buffers_.data() + a * n;
    double* gradient = buffers_.data() + (1 + slots_) * n;
    double *lag = gradient + n, *elapsed = lag + n, *last = elapsed + n;
    const SparseRecords<T> records(spec_, state_);
    const RecordTimes& now = records.now();
    for (std::int64_t f = 0; f < count; ++f) {
      const double scale = column_unit(spec_, state_, features[f]).scale / step.divisor;
      const RecordTimes times = records.read(features[f], f * K, slots);
      for (std::int64_t k = 0; k < K; ++k) {
        const std::int64_t i = f * K + k;
        gradient[i] = layout_.finished_coef(state_.block)[features[f] * K + k] * scale;
        lag[i] = now.clock - times.clock;
        elapsed[i] = now.step - times.step;
        last[i] = times.step;
      }
    }
    kernels::table().catch_up(spec_, step.context, n, lag, elapsed, last, slots);
    Spec free = spec_;
    free.penalty = {};  // this step's penalty stays pending
    kernels::table().step_f64(free, step.context, n, gradient, step.kappa, slots);
    write_group(records, features, count, slots);
    return all_finite((1 + slots_) * n, buffers_.data()) && all_finite((1 + slots_) * K, state_.bias);
  }

  void write_group(const SparseRecords<T>& records, const std::int64_t* features, std::int64_t count,
                   double* const* slots) {
    const std::int64_t K = state_.K;
    const RecordTimes stepped{records.now().clock, records.now().step + 1.0};
    for (std::int64_t f = 0; f < count; ++f) {
      const std::int64_t j = features[f];
      records.write(j, f * K, slots, stepped);
      for (std::int64_t k = 0; k < K; ++k) layout_.finished_coef(state_.block)[j * K + k] = 0.0;
      layout_.touched(state_.block)[j] = 0.0;
      layout_.scale(state_.block)[j] = 0.0;
    }
  }

  const Spec& spec_;
  LearnerState<T>& state_;
  const LearnInputs& inputs_;
  BlockLayout layout_;
  int slots_;
  std::vector<double> buffers_, workspace_;
};

}  // namespace gradstream::solvers
