// The bank on dense rows: report, standardise, step.
#pragma once

#include "kernels/bank_step-inl.hpp"
#include "kernels/stream_dense-inl.hpp"

namespace gradstream::kernels {
namespace {

/// Scratch of the bank on rows of at most n flat elements.
struct BankScratch {
  static constexpr int kBuffers = 7;
  double* raw;      // the row as read
  double* read;     // standardised
  double* flat;     // repeated for every column, K > 1
  double* average;  // the averaged model
  double* rate;
  double* moved;
  double* column;
  double* columns;  // BankColumns::size

  static std::int64_t size(std::int64_t d, std::int64_t K) {
    return 2 * padded(d) + (kBuffers - 2) * padded(d * K) + BankColumns::size(K) + padded(K);
  }
  BankScratch(double* at, std::int64_t d, std::int64_t K) {
    raw = at;
    read = raw + padded(d);
    flat = read + padded(d);
    average = flat + padded(d * K);
    rate = average + padded(d * K);
    moved = rate + padded(d * K);
    column = moved + padded(d * K);
    columns = column + padded(d * K);
  }
};

template <class View>
std::int64_t dense_bank_workspace(const View& X, std::int64_t K) {
  return BankScratch::size(X.columns, K);
}

template <class T>
BankColumns bank_columns(const BankJob<T>& job, double* at) {
  const LossSpec& loss = job.spec->loss;
  const std::int64_t width = loss.columns * kBankLanes;
  BankColumns columns;
  columns.spec = job.spec;
  columns.evaluate = lane_evaluate(loss);
  columns.invariant = kLaneInvariant[static_cast<std::size_t>(loss.loss)];
  columns.bias = job.bias;
  columns.z = at;
  columns.r = at + width;
  columns.u = at + 2 * width;
  columns.q = at + 3 * width;
  columns.mean = at + 4 * width;
  return columns;
}

/// A real target's own statistics move every lane's intercept with its mean; its deviation is the unit of AdaGrad's
/// steps and of errors. So rates mean the same for dollars and for millions of them, and weights stay in the target's
/// units.
GRADSTREAM_INLINE void follow_target(BankColumns& columns, const Counters& counters, Experts& experts) {
  const double gap = columns.y - experts.target_mean;
  const double shift = gap * (columns.s / (counters.t + columns.s));
  experts.target_mean += shift;
  experts.target_m2 += columns.s * gap * (columns.y - experts.target_mean);
  columns.deviation = square_root(One(experts.target_m2 / (experts.counted + columns.s))).v;
  if (!columns.spec->fit_intercept) return;
  for (int l = 0; l < kBankLanes; ++l) columns.bias[l] += shift;
}

/// Squared errors count in units of the averaged model's own: half of e^2 / residual is a negative log-likelihood.
GRADSTREAM_INLINE void temper_errors(BankColumns& columns, Experts& experts) {
  double z = 0.0;
  for (int l = 0; l < kBankLanes; ++l) z += experts.weight[l] * columns.z[l];
  const double error = z - columns.y;
  experts.residual += (error * error - experts.residual) * (columns.s / (experts.counted + columns.s));
  columns.temper = experts.residual > 0.0 ? 1.0 / experts.residual : 0.0;
}

template <class View>
class DenseBank {
 public:
  using T = typename View::value_type;

  DenseBank(const View& X, const BankJob<T>& job)
      : X_(X), job_(job), K_(job.spec->loss.columns), scratch_(job.workspace, X.columns, K_) {
    for (std::int64_t j = X.columns; j < padded(X.columns); ++j) scratch_.raw[j] = scratch_.read[j] = 0.0;
    row_.n = padded(X.columns * K_);
    row_.rate = scratch_.rate;
    row_.moved = scratch_.moved;
    row_.column = scratch_.column;
    for (int p = 0; p < kBankPlanes; ++p) row_.plane[p] = job.table.plane[p];
  }

  void read(std::int64_t row) { read_row(X_, row, scratch_.raw); }

  /// The row under the current statistics.
  void standardise() {
    const double* x = standardized(job_.standardizer, X_.columns, scratch_.raw, scratch_.read);
    if (K_ > 1) {
      for (std::int64_t j = 0; j < X_.columns; ++j) {
        for (std::int64_t k = 0; k < K_; ++k) scratch_.flat[j * K_ + k] = x[j];
      }
      for (std::int64_t i = X_.columns * K_; i < row_.n; ++i) scratch_.flat[i] = 0.0;
      x = scratch_.flat;
    }
    row_.x = x;
  }

  void update(double s, double weight_before) {
    update_statistics(job_.standardizer, X_.columns, scratch_.raw, s, weight_before);
  }

  void average() { average_planes(*job_.experts, row_.plane, row_.n, scratch_.average); }
  bool report(double* out) {
    double* bias = scratch_.columns + BankColumns::size(K_);
    for (std::int64_t k = 0; k < K_; ++k) bias[k] = average_bias(*job_.experts, job_.bias, K_, k);
    FlatRow<double> row;
    row.n = row_.n;
    row.x = row_.x;
    row.slot[0] = scratch_.average;
    return flat_margins(row, K_, bias, out);
  }

  BankColumns columns() const { return bank_columns(job_, scratch_.columns); }
  const BankRow<T>& row() const { return row_; }

 private:
  const View& X_;
  const BankJob<T>& job_;
  std::int64_t K_;
  BankScratch scratch_;
  BankRow<T> row_;
};

template <class View>
Status dense_bank_learn(const View& X, RowSet set, BankJob<typename View::value_type>& job) {
  DenseBank<View> bank(X, job);
  BankColumns columns = bank.columns();
  const auto step = bank_step<typename View::value_type>(*job.spec);
  const bool running = job.standardizer.mean != nullptr, real = job.spec->loss.real_target;
  const std::int64_t K = columns.count();
  Counters& counters = *job.counters;
  for (std::int64_t i = 0; i < set.count; ++i) {
    const std::int64_t row = set[i];
    columns.s = row_weight(job.weight, row, 1.0);
    columns.y = job.y[row];
    bank.read(row);
    if (job.report != nullptr) {
      bank.standardise();
      bank.average();
      if (!bank.report(job.report + i * K)) return {Code::non_finite, row};
    }
    if (!(columns.s > 0.0)) continue;
    if (running) {
      bank.update(columns.s, counters.weight);
      counters.weight += columns.s;
    }
    bank.standardise();
    if (real) follow_target(columns, counters, *job.experts);
    if (!sound_margins(bank.row(), columns, *job.experts)) return {Code::non_finite, row};
    if (real) temper_errors(columns, *job.experts);
    if (!step(columns, bank.row(), counters, *job.experts)) return {Code::non_finite, row};
  }
  constexpr double kLargest = static_cast<double>(std::numeric_limits<typename View::value_type>::max());
  if (!revive_lanes(bank.row(), columns, *job.experts, kLargest)) return {Code::non_finite, set[set.count - 1]};
  return {};
}

template <class View>
Status dense_bank_report(const View& X, RowSet set, const BankJob<typename View::value_type>& job) {
  DenseBank<View> bank(X, job);
  bank.average();
  const std::int64_t K = job.spec->loss.columns;
  for (std::int64_t i = 0; i < set.count; ++i) {
    bank.read(set[i]);
    bank.standardise();
    if (!bank.report(job.report + i * K)) return {Code::non_finite, set[i]};
  }
  return {};
}

}  // namespace
}  // namespace gradstream::kernels
