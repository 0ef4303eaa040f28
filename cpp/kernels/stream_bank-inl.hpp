// The bank on dense rows: report, standardise, step.
#pragma once

#include <algorithm>

#include "kernels/bank_step-inl.hpp"
#include "kernels/bank_target-inl.hpp"
#include "kernels/dense_row-inl.hpp"

namespace gradstream::kernels {
namespace {

/// Scratch of the bank on rows of at most n flat elements.
struct BankScratch {
  double* raw;      // the row as read
  double* before;   // standardised by the statistics before it
  double* read[2];  // and by those with it: of the row to step on, and of the next
  double* flat[2];  // repeated for every column, K > 1: to report, and to step on
  double* average;  // the averaged model
  double* rate;
  double* moved;
  double* column;
  double* columns;  // BankColumns::size

  static std::int64_t size(std::int64_t d, std::int64_t K) {
    return 4 * padded(d) + 6 * padded(d * K) + BankColumns::size(K) + padded(K);
  }
  BankScratch(double* at, std::int64_t d, std::int64_t K) {
    raw = at;
    before = raw + padded(d);
    read[0] = before + padded(d);
    read[1] = read[0] + padded(d);
    flat[0] = read[1] + padded(d);
    flat[1] = flat[0] + padded(d * K);
    average = flat[1] + padded(d * K);
    rate = average + padded(d * K);
    moved = rate + padded(d * K);
    column = moved + padded(d * K);
    columns = column + padded(d * K);
  }
};

template <class View>
std::int64_t dense_bank_workspace(const View& X, RowSet, std::int64_t K) {
  return BankScratch::size(X.columns, K);
}

template <class T>
BankColumns bank_columns(const BankJob<T>& job, double* at) {
  const LossSpec& loss = job.spec->loss;
  const std::int64_t width = loss.columns * kBankLanes;
  BankColumns columns;
  columns.spec = job.spec;
  columns.evaluate = lane_evaluate(loss);
  columns.invariant = lane_invariant(loss);
  columns.bias = job.bias;
  columns.z = at;
  columns.r = at + width;
  columns.u = at + 2 * width;
  columns.q = at + 3 * width;
  columns.sums = at + 4 * width;
  columns.mean = columns.sums + kBankLanes;
  columns.length = columns.mean + padded(loss.columns);
  return columns;
}

template <class View>
class DenseBank {
 public:
  using T = typename View::value_type;

  DenseBank(const View& X, const BankJob<T>& job)
      : X_(X), job_(job), K_(job.spec->loss.columns), scratch_(job.workspace, X.columns, K_) {
    std::fill_n(scratch_.raw, 4 * padded(X.columns) + 2 * padded(X.columns * K_), 0.0);
    row_.n = padded(X.columns * K_);
    row_.rate = scratch_.rate;
    row_.moved = scratch_.moved;
    row_.column = scratch_.column;
    for (int p = 0; p < kBankPlanes; ++p) row_.plane[p] = job.table.plane[p];
  }

  /// The row as `predict` reads it, for the next report.
  void read_to_report(std::int64_t row) {
    read_row(X_, row, scratch_.raw);
    reported_ = standardized(job_.standardizer, X_.columns, scratch_.raw, scratch_.before);
  }

  /// The row as it is learnt: its weight joins the statistics first. While a solution rests, what it is read by stands
  /// still with it.
  void read_to_learn(std::int64_t row, double s) {
    read_row(X_, row, scratch_.raw);
    if (job_.standardizer.mean == nullptr) {
      job_.counters->weight += s;
    } else if (!resting(*job_.experts, *job_.counters)) {
      update_statistics(job_.standardizer, X_.columns, scratch_.raw, s, job_.counters->weight);
      job_.counters->weight += s;
    }
    buffer_ = 1 - buffer_;
    double* const read = scratch_.read[buffer_];
    if (standardized(job_.standardizer, X_.columns, scratch_.raw, read) == scratch_.raw) {
      std::copy_n(scratch_.raw, padded(X_.columns), read);
    }
  }
  /// The row read last is the one to step on.
  void turn() { row_.x = row_.next = flat(scratch_.read[buffer_], scratch_.flat[1]); }
  /// The row read last is the one after.
  void look_ahead() { row_.next = scratch_.read[buffer_]; }

  void average() { average_planes(*job_.experts, row_.plane, row_.n, scratch_.average); }
  bool report(double* out) {
    double* bias = scratch_.columns + BankColumns::size(K_);
    for (std::int64_t k = 0; k < K_; ++k) bias[k] = average_bias(*job_.experts, job_.bias, K_, k);
    FlatRow<double> row;
    row.n = row_.n;
    row.x = flat(reported_, scratch_.flat[0]);
    row.slot[0] = scratch_.average;
    return flat_margins(row, K_, bias, out);
  }

  BankColumns columns() const { return bank_columns(job_, scratch_.columns); }
  const BankRow<T>& row() const { return row_; }

 private:
  /// Every value once per column.
  const double* flat(const double* x, double* to) const {
    if (K_ == 1) return x;
    for (std::int64_t j = 0; j < X_.columns; ++j) {
      for (std::int64_t k = 0; k < K_; ++k) to[j * K_ + k] = x[j];
    }
    return to;
  }

  const View& X_;
  const BankJob<T>& job_;
  std::int64_t K_;
  BankScratch scratch_;
  const double* reported_ = nullptr;
  int buffer_ = 0;
  BankRow<T> row_;
};

/// Rows are read, and join the statistics, one ahead of the row that is stepped on: neither waits for the other.
template <class View>
Status dense_bank_learn(const View& X, RowSet set, BankJob<typename View::value_type>& job) {
  DenseBank<View> bank(X, job);
  BankColumns columns = bank.columns();
  const auto steps = bank_steps<typename View::value_type>(*job.spec);
  const std::int64_t K = columns.count();
  const auto weight_of = [&](std::int64_t i) { return row_weight(job.weight, set[i], 1.0); };
  const auto read = [&](std::int64_t i) {
    if (i >= set.count) return;
    if (job.report != nullptr) bank.read_to_report(set[i]);
    if (weight_of(i) > 0.0) bank.read_to_learn(set[i], weight_of(i));
  };
  constexpr double kLargest = static_cast<double>(std::numeric_limits<typename View::value_type>::max());
  read(0);
  bool summed = K > 1;  // whether columns.sums are those of the row to step on
  for (std::int64_t i = 0; i < set.count; ++i) {
    const std::int64_t row = set[i];
    columns.s = weight_of(i);
    columns.y = job.y[row];
    if (job.report != nullptr) {
      bank.average();
      if (!bank.report(job.report + i * K)) {
        if (!revive_lanes(bank.row(), columns, *job.experts, kLargest)) return {Code::non_finite, row};
        bank.average();
        if (!bank.report(job.report + i * K)) return {Code::non_finite, row};
        summed = K > 1;
      }
    }
    if (!(columns.s > 0.0)) {
      read(i + 1);
      summed = K > 1;
      continue;
    }
    bank.turn();
    if (!summed) sum_lanes_of(bank.row(), bank.row().x, columns);
    if (has_unit(columns.spec->loss)) follow_target(columns, *job.counters, *job.experts);
    if (!sound_margins(bank.row(), columns, *job.experts)) return {Code::non_finite, row};
    if (has_unit(columns.spec->loss)) temper_losses(columns, *job.experts);
    if (!steps.begin(columns, bank.row(), *job.counters, *job.experts)) return {Code::non_finite, row};
    read(i + 1);
    bank.look_ahead();
    steps.finish(columns, bank.row());
    summed = true;
  }
  if (!revive_lanes(bank.row(), columns, *job.experts, kLargest)) return {Code::non_finite, set[set.count - 1]};
  return {};
}

template <class View>
Status dense_bank_report(const View& X, RowSet set, const BankJob<typename View::value_type>& job) {
  DenseBank<View> bank(X, job);
  bank.average();
  const std::int64_t K = job.spec->loss.columns;
  for (std::int64_t i = 0; i < set.count; ++i) {
    bank.read_to_report(set[i]);
    if (!bank.report(job.report + i * K)) return {Code::non_finite, set[i]};
  }
  return {};
}

}  // namespace
}  // namespace gradstream::kernels
