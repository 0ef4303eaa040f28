// Learning from CSR rows one by one, and collecting blocks of them.
#pragma once

#include "kernels/sparse_row-inl.hpp"
#include "kernels/stream_single-inl.hpp"

namespace gradstream::kernels {
namespace {

inline constexpr std::int64_t kSparseRowsAhead = 2;

template <class View>
Status sparse_learn(const View& X, RowSet set, StreamJob<typename View::value_type>& job) {
  const SparseStreamScratch scratch(job.workspace, longest_row(X, set), job.spec->loss.columns);
  Status single;
  if (with_single_path(job, [&](auto optimizer) {
        single = single_learn<decltype(optimizer)>(X, set, job, scratch.buffer[0], scratch.buffer[1], scratch.columns);
      })) {
    return single;
  }
  SparseStream<View> stream(X, set, job);
  RowColumns columns = stream.columns();
  const StepRow<double> step = sparse_step(*job.spec);
  const bool scaled = job.standardizer.mean != nullptr;
  const bool running = scaled && !job.standardizer.frozen;
  const std::int64_t K = stream.count();
  Counters& counters = *job.counters;
  Status status;
  for (std::int64_t i = 0; i < set.count && status.ok(); ++i) {
    if (i + kSparseRowsAhead < set.count) stream.prefetch(set[i + kSparseRowsAhead]);
    const std::int64_t row = set[i];
    columns.s = row_weight(job.weight, row, job.weight_factor);
    columns.y = job.y[row];
    const bool counts = columns.s > 0.0;
    if (!counts && job.report == nullptr) continue;
    stream.gather(row, counters, columns.context);
    if (job.report != nullptr || !running) {
      if (scaled) {
        stream.read_scaled(counters.weight);
      } else {
        stream.read_plain();
      }
      if (!stream.margins(columns.z)) return {Code::non_finite, row};
      if (job.report != nullptr) {
        for (std::int64_t k = 0; k < K; ++k) job.report[i * K + k] = columns.z[k];
      }
      if (!counts) continue;
    }
    if (running) {
      if (!stream.update(columns.s, counters.weight)) return {Code::non_finite, row};
      counters.weight += columns.s;
      stream.read_scaled(counters.weight);
      if (!stream.margins(columns.z)) return {Code::non_finite, row};
    }
    prepare_step(*job.spec, counters, columns.context);
    step(columns, stream.flat(), columns.z[0]);
    if (!stream.scatter(counters.clock, counters.steps + 1.0)) return {Code::non_finite, row};
    const double clock_before = counters.clock;
    count_step(counters, columns.context.eta, columns.s, columns.s);
    count_row(counters, job.standardizer, columns.s);
    if (folds(*job.spec, clock_before, counters.clock)) status = {Code::rescale, i + 1};
  }
  job.loss = columns.loss;
  return status;
}

template <class View>
Status sparse_report(const View& X, RowSet set, const StreamJob<typename View::value_type>& job) {
  const SparseStreamScratch scratch(job.workspace, longest_row(X, set), job.spec->loss.columns);
  Status single;
  if (with_single_path(
          job, [&](auto optimizer) { single = single_report<decltype(optimizer)>(X, set, job, scratch.buffer[0]); })) {
    return single;
  }
  SparseStream<View> stream(X, set, job);
  RowColumns columns = stream.columns();
  const std::int64_t K = stream.count();
  for (std::int64_t i = 0; i < set.count; ++i) {
    stream.gather(set[i], *job.counters, columns.context);
    if (job.standardizer.mean != nullptr) {
      stream.read_scaled(job.counters->weight);
    } else {
      stream.read_plain();
    }
    const bool finite = stream.margins(columns.z);
    for (std::int64_t k = 0; k < K; ++k) job.report[i * K + k] = columns.z[k];
    if (!finite) return {Code::non_finite, set[i]};
  }
  return {};
}

/// Adds s r x of each row, margins as of the block's start. `job.block_start_weight`: what the standardiser had seen
/// then.
template <class View>
Status sparse_accumulate(const View& X, RowSet set, StreamJob<typename View::value_type>& job) {
  SparseStream<View> stream(X, set, job);
  RowColumns columns = stream.columns();
  const std::int64_t K = stream.count();
  const bool scaled = job.standardizer.mean != nullptr;
  Counters& counters = *job.counters;
  for (std::int64_t i = 0; i < set.count; ++i) {
    const std::int64_t row = set[i];
    columns.s = row_weight(job.weight, row, job.weight_factor);
    columns.y = job.y[row];
    if (!(columns.s > 0.0)) continue;
    stream.gather(row, counters, columns.context);
    stream.touch(job.block_start_weight);
    if (scaled) {
      stream.read_block_scale();
    } else {
      stream.read_plain();
    }
    if (!stream.margins(columns.z)) return {Code::non_finite, row};
    residuals(columns);
    for (std::int64_t k = 0; k < K; ++k) {
      columns.r[k] *= columns.s;
      job.block.intercept[k] += columns.r[k];
    }
    stream.add_gradient(columns.r);
    if (scaled && !job.standardizer.frozen) {
      if (!stream.update(columns.s, counters.weight)) return {Code::non_finite, row};
      counters.weight += columns.s;
    }
  }
  job.loss = columns.loss;
  return {};
}

}  // namespace
}  // namespace gradstream::kernels
