// Blocks of dense rows.
#pragma once

#include <optional>

#include "parallel/parallel_for.hpp"
#include "solvers/block_step.hpp"

namespace gradstream::solvers {

/// Rows per part of a block: enough work (some 20 us) to be worth a thread. Fixed by the width alone, so that bits
/// depend on nothing else.
inline std::int64_t part_rows(std::int64_t d, std::int64_t K) {
  constexpr std::int64_t kPartElements = 1 << 16;
  return std::max<std::int64_t>(256, kPartElements / std::max<std::int64_t>(1, d * K));
}

template <class View>
class DenseBlocks {
 public:
  using T = typename View::value_type;

  DenseBlocks(const View& X, const Spec& spec, LearnerState<T>& state, const LearnInputs& inputs)
      : X_(X),
        spec_(spec),
        inputs_(inputs),
        layout_(state.layout()),
        committed_(state),
        work_(spec, state, memory_),
        state_(work_.draft()),
        coef_(flat()),
        gradient_(flat()) {
    scratch_size_ = kernels::table().of(X).workspace(X, state.K);
    scale_.assign(static_cast<std::size_t>(state.d), 1.0);
    if (inputs.frozen) measure_scale();
    if (state.counters->block_rows > 0.0) load_model();
  }

  /// Takes rows into the current block; `rows` end no later than the block does.
  Status add(RowSet rows, double& loss) {
    kernels::Counters& counters = *state_.counters;
    if (counters.block_rows == 0.0) start();
    const Status status = add_gradient(rows, loss);
    if (!status.ok()) return status;
    add_weights(rows, counters.block_weight);
    counters.block_rows += static_cast<double>(rows.count);
    counters.samples += static_cast<double>(rows.count);
    if (inputs_.frozen) return {};
    if (state_.mean != nullptr) return update_statistics(rows);
    add_weights(rows, counters.weight);
    return {};
  }

  Status step() {
    const std::int64_t K = state_.K;
    const BlockStep step = begin_block_step(spec_, state_, inputs_.weight_factor);
    double* sums = layout_.finished_coef(state_.block);
    double* intercepts = layout_.finished_intercept(state_.block);
    for (std::int64_t i = 0; i < flat() + K; ++i) sums[i] += layout_.current_coef(state_.block)[i];
    express_gradient(sums, intercepts, step.divisor);
    T* slots[1 + optimizers::kMaxSlots] = {};
    for (int a = 0; a <= slot_count(spec_); ++a) slots[a] = work_.slot(a);
    step_table(spec_, step, flat(), gradient_.data(), slots);
    step_intercepts(spec_, state_, step, intercepts);
    end_block_step(state_, step);
    std::fill_n(state_.block, BlockLayout::size(state_.d, K), 0.0);
    return {};
  }

  bool commit() { return work_.commit(committed_); }
  const kernels::Counters& counters() const { return *state_.counters; }

 private:
  std::int64_t flat() const { return state_.d * state_.K; }
  /// Row by row onto the total so far: a sum of these rows first would round otherwise where a stream is cut otherwise.
  void add_weights(RowSet rows, double& total) const {
    const double* s = inputs_.weight;
    for (std::int64_t i = 0; i < rows.count; ++i) total += s != nullptr ? s[rows[i]] : 1.0;  // however rows are cut
  }
  bool centered() const { return state_.mean != nullptr && spec_.standardize == Standardize::center_scale; }

  /// The block's model is that of its first row: statistics are kept beside the sums.
  void start() {
    std::fill_n(state_.block, BlockLayout::size(state_.d, state_.K), 0.0);
    if (state_.mean != nullptr) {
      std::copy_n(work_.statistic(0), state_.d, layout_.center(state_.block));
      kernels::table().inverse_deviation(state_.d, work_.statistic(0), work_.statistic(1), state_.counters->weight,
                                         layout_.scale(state_.block));
    }
    load_model();
  }

  /// 1/sd as the statistics stand.
  void measure_scale() {
    if (state_.mean == nullptr) return;
    kernels::table().inverse_deviation(state_.d, work_.statistic(0), work_.statistic(1), state_.counters->weight,
                                       scale_.data());
  }

  /// coef = w scale, in X's units.
  void load_model() {
    for (std::int64_t j = 0; j < state_.d; ++j) {
      const double scale = state_.mean != nullptr ? layout_.scale(state_.block)[j] : 1.0;
      for (std::int64_t k = 0; k < state_.K; ++k)
        coef_[j * state_.K + k] = static_cast<double>(work_.slot(0)[j * state_.K + k]) * scale;
    }
  }

  /// Splits the rows at the block's part boundaries. The first part goes on with the current sums, so cutting a stream
  /// changes no bit.
  Status add_gradient(RowSet rows, double& loss) {
    const std::int64_t per_part = part_rows(state_.d, state_.K);
    const auto position = static_cast<std::int64_t>(state_.counters->block_rows) % per_part;
    const std::int64_t parts = (position + rows.count + per_part - 1) / per_part;
    const std::int64_t width = flat() + state_.K;
    if (parts == 1) {
      scratch_.resize(static_cast<std::size_t>(scratch_size_));
      loss += part_gradient(rows, layout_.current_coef(state_.block), scratch_.data());
    } else {
      parts_.assign(static_cast<std::size_t>(parts * width), 0.0);
      std::copy_n(layout_.current_coef(state_.block), width, parts_.data());
      std::vector<double> losses(static_cast<std::size_t>(parts));
      parallel::for_blocks(parts, inputs_.n_threads, [&](std::int64_t p) {
        const std::int64_t first = std::max<std::int64_t>(0, p * per_part - position);
        const std::int64_t last = std::min(rows.count, (p + 1) * per_part - position);
        std::vector<double> scratch(static_cast<std::size_t>(scratch_size_));
        losses[static_cast<std::size_t>(p)] =
            part_gradient(rows.part(first, last - first), parts_.data() + p * width, scratch.data());
      });
      for (const double value : losses) loss += value;
    }
    settle_parts(position + rows.count, parts, per_part);
    const double* current = layout_.current_coef(state_.block);
    if (all_finite(width, current) && all_finite(width, layout_.finished_coef(state_.block)) && std::isfinite(loss))
      return {};
    const Status where = kernels::table().of(X_).check_finite(X_, rows);
    return {Code::non_finite, where.ok() ? rows[0] : where.row};
  }

  /// Complete parts join the finished sums in order; what is left over is the current part.
  void settle_parts(std::int64_t end, std::int64_t parts, std::int64_t per_part) {
    const std::int64_t width = flat() + state_.K;
    double* finished = layout_.finished_coef(state_.block);
    double* current = layout_.current_coef(state_.block);
    for (std::int64_t p = 0; p < parts; ++p) {
      double* part = parts == 1 ? current : parts_.data() + p * width;
      if (end >= (p + 1) * per_part) {
        for (std::int64_t i = 0; i < width; ++i) finished[i] += part[i];
        std::fill_n(current, width, 0.0);
      } else {
        if (part != current) std::copy_n(part, width, current);
      }
    }
  }

  double part_gradient(RowSet rows, double* sums, double* scratch) const {
    kernels::GradientSums out{sums, sums + flat()};
    const kernels::LinearModel model{coef_.data(), centered() ? layout_.center(state_.block) : nullptr, state_.bias};
    kernels::table().of(X_).loss_gradient(X_, rows, model, {inputs_.y, inputs_.weight}, spec_.loss, out, scratch);
    return out.loss;
  }

  Status update_statistics(RowSet rows) {
    kernels::StreamJob<T> job = stream_job(spec_, state_, &work_, false);
    AlignedVector<double> workspace(
        static_cast<std::size_t>(kernels::table().of(X_).stream_workspace(X_, rows, state_.K)));
    job.weight = inputs_.weight;
    job.workspace = workspace.data();
    return kernels::table().of(X_).accumulate(X_, rows, job);
  }

  /// From sums of r (x - center at the start) to the gradient in standardised coordinates of the statistics as they are
  /// now.
  void express_gradient(const double* sums, const double* intercepts, double divisor) {
    const bool moved = centered() && !inputs_.frozen;
    if (!inputs_.frozen) measure_scale();
    for (std::int64_t j = 0; j < state_.d; ++j) {
      const double shift = moved ? layout_.center(state_.block)[j] - work_.statistic(0)[j] : 0.0;
      for (std::int64_t k = 0; k < state_.K; ++k) {
        gradient_[j * state_.K + k] =
            (sums[j * state_.K + k] + shift * intercepts[k]) * (scale_[static_cast<std::size_t>(j)] / divisor);
      }
    }
  }

  const View& X_;
  const Spec& spec_;
  const LearnInputs& inputs_;
  BlockLayout layout_;
  LearnerState<T>& committed_;
  LearnerMemory<T> memory_;
  DenseWorkspace<T> work_;
  LearnerState<T>& state_;  // the unfinished block where it is, the rest as it will be
  std::vector<double> coef_, gradient_, scale_, scratch_, parts_;
  std::int64_t scratch_size_ = 0;
};

}  // namespace gradstream::solvers
