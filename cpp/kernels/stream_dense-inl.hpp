// Learning from dense rows one by one, and collecting blocks of them.
#pragma once

#include <limits>

#include "kernels/dense_row-inl.hpp"

namespace gradstream::kernels {
namespace {

/// The rows an epoch's order will visit are far apart: fetch them ahead.
template <class View>
GRADSTREAM_INLINE void prefetch_row(const View& X, RowSet set, std::int64_t i) {
  if (set.order == nullptr || i >= set.count) return;
  const char* at = reinterpret_cast<const char*>(X.row(set[i]));
  const auto bytes = static_cast<std::int64_t>(sizeof(typename View::value_type)) * X.columns;
  for (std::int64_t b = 0; b < bytes && b < 1024; b += 64) GRADSTREAM_PREFETCH(at + b);
  GRADSTREAM_PREFETCH(at + bytes - 1);
}

inline constexpr std::int64_t kRowsAhead = 8;

/// Learns a set of rows. A step of a single column also sums the margin of the row after it while it goes through the
/// weights: else that row would wait for them to be stored and loaded. Not with a report: rows are reported under the
/// statistics before them.
template <class View>
class DenseLearner {
 public:
  using T = typename View::value_type;

  DenseLearner(const View& X, RowSet set, StreamJob<T>& job)
      : X_(X),
        set_(set),
        job_(job),
        stream_(X, job),
        columns_(stream_.columns()),
        step_(dense_step<T>(*job.spec)),
        running_(job.standardizer.mean != nullptr && !job.standardizer.frozen),
        looks_ahead_(stream_.count() == 1 && job.report == nullptr) {}

  Status learn() {
    double z = 0.0;  // of a single column
    for (std::int64_t i = 0; i < set_.count; ++i) {
      prefetch_row(X_, set_, i + kRowsAhead);
      const double s = weight(i);
      if (!(s > 0.0) && job_.report == nullptr) continue;
      if (i == ahead_) {
        stream_.turn();
      } else {
        z = meet(i, s);
      }
      if (!std::isfinite(z)) return {Code::non_finite, set_[i]};
      if (s > 0.0) z = step(i, s, z);
    }
    job_.loss = columns_.loss;
    return {};
  }

 private:
  double weight(std::int64_t i) const { return row_weight(job_.weight, set_[i], job_.weight_factor); }

  /// Reports the row and lets it join the statistics; a margin, or NaN where one is not finite.
  double meet(std::int64_t i, double s) {
    stream_.read(set_[i]);
    bool finite = true;
    if (job_.report != nullptr || !running_) finite = stream_.margins(columns_.z);
    if (job_.report != nullptr) write_report(i);
    if (finite && running_ && s > 0.0) {
      join(s);
      finite = stream_.margins(columns_.z);
    }
    return finite ? columns_.z[0] : std::numeric_limits<double>::quiet_NaN();
  }

  void write_report(std::int64_t i) {
    const std::int64_t K = stream_.count();
    for (std::int64_t k = 0; k < K; ++k) job_.report[i * K + k] = columns_.z[k];
  }

  /// The row read last joins the statistics.
  void join(double s) {
    stream_.update(s, job_.counters->weight);
    job_.counters->weight += s;
  }

  /// Reads the next row to learn, if there is one.
  void look_ahead(std::int64_t i) {
    double s = 0.0;
    while (i < set_.count && !((s = weight(i)) > 0.0)) ++i;
    ahead_ = i;
    if (i == set_.count) return;
    stream_.read(set_[i]);
    if (running_) join(s);
    stream_.look_ahead();
  }

  /// Steps on row i; returns the margin of row `ahead_`.
  double step(std::int64_t i, double s, double z) {
    if (looks_ahead_) look_ahead(i + 1);
    Counters& counters = *job_.counters;
    columns_.s = s;
    columns_.y = job_.y[set_[i]];
    columns_.z[0] = z;
    prepare_step(*job_.spec, counters, columns_.context);
    const double sum = step_(columns_, stream_.flat(), z);
    count_step(counters, columns_.context.eta, s, s);
    count_row(counters, job_.standardizer, s);
    return sum + job_.bias[0];
  }

  const View& X_;
  RowSet set_;
  StreamJob<T>& job_;
  DenseStream<View> stream_;
  RowColumns columns_;
  StepRow<T> step_;
  bool running_;
  bool looks_ahead_;
  std::int64_t ahead_ = -1;  // the row whose margin the last step summed
};

template <class View>
Status dense_learn(const View& X, RowSet set, StreamJob<typename View::value_type>& job) {
  return DenseLearner<View>(X, set, job).learn();
}

template <class View>
Status dense_report(const View& X, RowSet set, const StreamJob<typename View::value_type>& job) {
  DenseStream<View> stream(X, job);
  const std::int64_t K = stream.count();
  RowColumns columns = stream.columns();
  for (std::int64_t i = 0; i < set.count; ++i) {
    stream.read(set[i]);
    const bool finite = stream.margins(columns.z);
    for (std::int64_t k = 0; k < K; ++k) job.report[i * K + k] = columns.z[k];
    if (!finite) return {Code::non_finite, set[i]};
  }
  return {};
}

/// Running statistics take in the rows of a block one by one; its gradient is the solver's (loss_gradient under the
/// block's own model).
template <class View>
Status dense_accumulate(const View& X, RowSet set, StreamJob<typename View::value_type>& job) {
  DenseStream<View> stream(X, job);
  for (std::int64_t i = 0; i < set.count; ++i) {
    const double s = row_weight(job.weight, set[i], job.weight_factor);
    if (!(s > 0.0)) continue;
    stream.read(set[i]);
    stream.update(s, job.counters->weight);
    job.counters->weight += s;
  }
  return {};
}

}  // namespace
}  // namespace gradstream::kernels
