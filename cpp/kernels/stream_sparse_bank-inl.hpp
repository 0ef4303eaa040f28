// The bank's calls on CSR rows.
#pragma once

#include "kernels/sparse_bank-inl.hpp"

namespace gradstream::kernels {
namespace {

inline constexpr std::int64_t kBankRowsAhead = 2;

template <class View, bool kMany>
Status learn_sparse_bank(const View& X, RowSet set, BankJob<typename View::value_type>& job) {
  SparseBank<View, kMany> bank(X, set, job);
  BankColumns columns = bank.columns();
  const bool unit = has_unit(job.spec->loss);
  for (std::int64_t i = 0; i < set.count; ++i) {
    if (i + kBankRowsAhead < set.count) bank.prefetch(set[i + kBankRowsAhead]);
    const std::int64_t row = set[i];
    const Status bad{Code::non_finite, row};
    columns.s = row_weight(job.weight, row, 1.0);
    columns.y = job.y[row];
    if (!(columns.s > 0.0) && job.report == nullptr) continue;
    bank.gather(row);
    if (job.report != nullptr) {
      bank.read();
      if (!bank.margins(columns)) return bad;
      bank.report(columns, job.report + i * columns.count());
      if (!(columns.s > 0.0)) continue;
    }
    if (!bank.update(columns.s)) return bad;
    if (unit) follow_target(columns, *job.counters, *job.experts);
    if (!bank.margins(columns)) return bad;
    if (unit) temper_losses(columns, *job.experts);
    const BankClocks before = bank_clocks(*job.counters, *job.experts);
    if (!begin_step<kMany>(columns, bank.row(), *job.counters, *job.experts)) return bad;
    for (std::int64_t k = 0; k < columns.count(); ++k) move_intercepts(columns, k, columns.mean[k]);
    if (!bank.scatter(columns, before) || !all_finite(job.bias, kBankPlanes * columns.count())) return bad;
  }
  return {};
}

template <class View, bool kMany>
Status report_sparse_bank(const View& X, RowSet set, const BankJob<typename View::value_type>& job) {
  SparseBank<View, kMany> bank(X, set, job);
  const BankColumns columns = bank.columns();
  for (std::int64_t i = 0; i < set.count; ++i) {
    if (i + kBankRowsAhead < set.count) bank.prefetch(set[i + kBankRowsAhead]);
    bank.gather(set[i]);
    bank.read();
    if (!bank.margins(columns)) return {Code::non_finite, set[i]};
    bank.report(columns, job.report + i * columns.count());
  }
  return {};
}

template <class View>
Status sparse_bank_learn(const View& X, RowSet set, BankJob<typename View::value_type>& job) {
  return job.spec->loss.columns > 1 ? learn_sparse_bank<View, true>(X, set, job)
                                    : learn_sparse_bank<View, false>(X, set, job);
}

template <class View>
Status sparse_bank_report(const View& X, RowSet set, const BankJob<typename View::value_type>& job) {
  return job.spec->loss.columns > 1 ? report_sparse_bank<View, true>(X, set, job)
                                    : report_sparse_bank<View, false>(X, set, job);
}

}  // namespace
}  // namespace gradstream::kernels
