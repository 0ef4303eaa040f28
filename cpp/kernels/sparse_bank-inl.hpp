// The bank on CSR rows: the records of a row's features are gathered into lane planes, settled, stepped and scattered
// back: O(nnz). Values are read as they are, or over their column's deviation.
#pragma once

#include "kernels/sparse_row-inl.hpp"
#include "kernels/stream_bank-inl.hpp"

namespace gradstream::kernels {
namespace {

/// Buffers of padded(longest row * K) each: lane planes and accumulator, then what BankRow needs, the average, and the
/// two lags of the penalty.
struct SparseBankScratch {
  static constexpr int kBuffers = kBankPlanes + 7;
  double* buffer[kBuffers];
  double* columns;

  static std::int64_t size(std::int64_t longest, std::int64_t K) {
    return kBuffers * padded(longest * K) + BankColumns::size(K) + padded(K);
  }
  SparseBankScratch(double* at, std::int64_t longest, std::int64_t K) {
    for (int b = 0; b < kBuffers; ++b) buffer[b] = at + b * padded(longest * K);
    columns = at + kBuffers * padded(longest * K);
  }
};

template <class View>
std::int64_t sparse_bank_workspace(const View& X, std::int64_t K) {
  return SparseBankScratch::size(longest_row(X), K);
}

/// What the penalty waits for, per element of a gathered row: clocks since the feature was last met. Lane 0 pays from
/// when it woke on.
struct BankLags {
  double* descent;
  double* adagrad;
  double awake;
};

GRADSTREAM_INLINE Wide adagrad_rate(const Spec& spec, Wide total) {
  const Wide seen(spec.optimizer.initial_accumulator * (1.0 + 1e-6));
  return where(total > seen, Wide(1.0) / square_root(total), Wide(0.0));
}

/// f(tau) of every lane for one pack, tau the time its penalty acts.
template <class F>
GRADSTREAM_INLINE void each_lag(const Spec& spec, const BankLags& lags, double* const* plane, std::int64_t i, F&& f) {
  const Wide adagrad = adagrad_rate(spec, load<Wide>(plane[kBankLanes] + i)) * load<Wide>(lags.adagrad + i);
  const Wide descent = load<Wide>(lags.descent + i);
  for (int l = 0; l < kBankLanes; ++l) {
    const Wide lag = l == 0 ? minimum(descent, Wide(lags.awake)) : l < kBankSgdLanes ? descent : adagrad;
    double* const w = plane[l] + i;
    store(w, f(load<Wide>(w), Wide(spec.bank.rate[l]) * lag));
  }
}

/// Whether l2 takes less than 2^-6 from every weight: what waits is mostly tiny, and a short series pays it.
inline bool tiny_lags(const Spec& spec, std::int64_t n, double* const* plane, const BankLags& lags) {
  if (spec.penalty.l1 > 0.0) return false;
  const Wide descent_top(spec.bank.rate[kBankSgdLanes - 1]), adagrad_top(spec.bank.rate[kBankLanes - 1]);
  Wide longest(0.0);
  for (std::int64_t i = 0; i < n; i += kLanes) {
    const Wide c = adagrad_rate(spec, load<Wide>(plane[kBankLanes] + i));
    longest = maximum(longest, descent_top * load<Wide>(lags.descent + i));
    longest = maximum(longest, adagrad_top * c * load<Wide>(lags.adagrad + i));
  }
  return !any_above(Wide(spec.penalty.l2) * longest, Wide(0.015625));
}

inline GRADSTREAM_NOINLINE void settle_lanes(const Spec& spec, std::int64_t n, double* const* plane,
                                             const BankLags& lags) {
  const Wide l2(spec.penalty.l2);
  const bool tiny = tiny_lags(spec, n, plane, lags);
  for (std::int64_t i = 0; i < n; i += kLanes) {
    if (tiny) {
      each_lag(spec, lags, plane, i, [&](Wide w, Wide tau) { return w * exp_near_zero(l2 * tau); });
    } else {
      each_lag(spec, lags, plane, i, [&](Wide w, Wide tau) {
        return penalties::ElasticNet::apply(w, penalties::ElasticNet::flow(spec.penalty, tau));
      });
    }
  }
}

/// For whole tables; n need not be whole packs.
inline void settle_bank(const Spec& spec, std::int64_t n, double* const* plane, double* descent, double* adagrad,
                        double awake) {
  const std::int64_t whole = n / kLanes * kLanes;
  settle_lanes(spec, whole, plane, {descent, adagrad, awake});
  if (whole == n) return;
  double rest[kBankPlanes + 2][kLanes] = {};
  double* at[kBankPlanes];
  for (int p = 0; p < kBankPlanes; ++p) at[p] = rest[p];
  const auto count = static_cast<std::size_t>(n - whole) * sizeof(double);
  for (int p = 0; p < kBankPlanes; ++p) std::memcpy(at[p], plane[p] + whole, count);
  std::memcpy(rest[kBankPlanes], descent + whole, count);
  std::memcpy(rest[kBankPlanes + 1], adagrad + whole, count);
  settle_lanes(spec, kLanes, at, {rest[kBankPlanes], rest[kBankPlanes + 1], awake});
  for (int p = 0; p < kBankPlanes; ++p) std::memcpy(plane[p] + whole, at[p], count);
}

template <class View>
class SparseBank {
 public:
  using T = typename View::value_type;

  SparseBank(const View& X, const BankJob<T>& job)
      : X_(X), job_(job), K_(job.spec->loss.columns), record_{K_}, scratch_(job.workspace, longest_row(X), K_) {
    for (int p = 0; p < kBankPlanes; ++p) row_.plane[p] = scratch_.buffer[p];
    row_.x = x_ = scratch_.buffer[kBankPlanes];
    row_.rate = scratch_.buffer[kBankPlanes + 1];
    row_.moved = scratch_.buffer[kBankPlanes + 2];
    row_.column = scratch_.buffer[kBankPlanes + 3];
    average_ = scratch_.buffer[kBankPlanes + 4];
    lags_.descent = scratch_.buffer[kBankPlanes + 5];
    lags_.adagrad = scratch_.buffer[kBankPlanes + 6];
    penalised_ = job.spec->penalty.l1 > 0.0 || job.spec->penalty.l2 > 0.0;
  }

  /// Lanes and accumulators of the row's features, settled as of `counters`. A feature without a record reads as a
  /// fresh one (reporting; learning has given every feature its record).
  void gather(std::int64_t row, const Counters& counters) {
    begin_ = static_cast<std::int64_t>(X_.indptr[row]);
    entries_ = static_cast<std::int64_t>(X_.indptr[row + 1]) - begin_;
    const std::int64_t used = entries_ * K_, width = record_.width();
    row_.n = padded(used);
    for (int p = 0; p < kBankPlanes; ++p) {
      for (std::int64_t i = used; i < row_.n; ++i) row_.plane[p][i] = p < kBankLanes ? 0.0 : 1.0;
    }
    for (std::int64_t i = used; i < row_.n; ++i) x_[i] = lags_.descent[i] = lags_.adagrad[i] = 0.0;
    for (std::int64_t e = 0; e < entries_; ++e) {
      const std::int32_t place = job_.table.place[feature(e)];
      if (place == 0) {
        clear_entry(e);
        continue;
      }
      const float* record = job_.table.record + (place - 1) * width;
      double clock[2];
      std::memcpy(clock, record + record_.clocks(), sizeof(clock));
      for (std::int64_t k = 0; k < K_; ++k) {
        const std::int64_t i = e * K_ + k;
        for (int l = 0; l < kBankLanes; ++l) row_.plane[l][i] = static_cast<double>(record[k * kBankLanes + l]);
        row_.plane[kBankLanes][i] = static_cast<double>(record[K_ * kBankLanes + k]);
        lags_.descent[i] = counters.clock - clock[0];
        lags_.adagrad[i] = counters.t - clock[1];
      }
    }
    lags_.awake = counters.clock > job_.experts->woken ? counters.clock - job_.experts->woken : 0.0;
    if (penalised_) settle_lanes(*job_.spec, row_.n, row_.plane, lags_);
  }

  /// Writes them back, settled as of `counters`; false, and nothing written, when they do not fit float32.
  bool scatter(const Counters& counters, const BankColumns& columns) {
    constexpr double kLargest = static_cast<double>(std::numeric_limits<float>::max());
    if (!revive_lanes(row_, columns, *job_.experts, kLargest)) return false;
    const double clock[2] = {counters.clock, counters.t};
    for (std::int64_t e = 0; e < entries_; ++e) {
      float* record = job_.table.record + (job_.table.place[feature(e)] - 1) * record_.width();
      for (std::int64_t k = 0; k < K_; ++k) {
        const std::int64_t i = e * K_ + k;
        for (int l = 0; l < kBankLanes; ++l) record[k * kBankLanes + l] = static_cast<float>(row_.plane[l][i]);
        record[K_ * kBankLanes + k] = static_cast<float>(row_.plane[kBankLanes][i]);
      }
      std::memcpy(record + record_.clocks(), clock, sizeof(clock));
    }
    return true;
  }

  void read_plain() {
    read([](double x, std::int64_t) { return x; });
  }
  void read_scaled(double weight) {
    read([&](double x, std::int64_t j) { return x * column_scale(job_.standardizer, j, weight); });
  }

  bool update(double s, double weight_before) {
    bool finite = true;
    for (std::int64_t e = 0; e < entries_; ++e) {
      const double x = static_cast<double>(X_.data[begin_ + e]);
      finite = add_to_column(job_.standardizer, feature(e), x, s, weight_before) && finite;
    }
    return finite;
  }

  bool report(double* out) {
    average_planes(*job_.experts, row_.plane, row_.n, average_);
    double* bias = scratch_.columns + BankColumns::size(K_);
    for (std::int64_t k = 0; k < K_; ++k) bias[k] = average_bias(*job_.experts, job_.bias, K_, k);
    FlatRow<double> row;
    row.n = row_.n;
    row.x = x_;
    row.slot[0] = average_;
    return flat_margins(row, K_, bias, out);
  }

  void prefetch(std::int64_t row) const {
    for (auto at = static_cast<std::int64_t>(X_.indptr[row]); at < static_cast<std::int64_t>(X_.indptr[row + 1]);
         ++at) {
      const std::int32_t place = job_.table.place[static_cast<std::int64_t>(X_.indices[at])];
      if (place > 0) GRADSTREAM_PREFETCH_WRITE(job_.table.record + (place - 1) * record_.width());
    }
  }

  BankColumns columns() const { return bank_columns(job_, scratch_.columns); }
  const BankRow<double>& row() const { return row_; }

 private:
  std::int64_t feature(std::int64_t e) const { return static_cast<std::int64_t>(X_.indices[begin_ + e]); }

  void clear_entry(std::int64_t e) {
    for (std::int64_t i = e * K_; i < (e + 1) * K_; ++i) {
      for (int l = 0; l < kBankLanes; ++l) row_.plane[l][i] = 0.0;
      row_.plane[kBankLanes][i] = job_.spec->optimizer.initial_accumulator;
      lags_.descent[i] = lags_.adagrad[i] = 0.0;
    }
  }

  template <class F>
  void read(F&& f) {
    for (std::int64_t e = 0; e < entries_; ++e) {
      const double x = f(static_cast<double>(X_.data[begin_ + e]), feature(e));
      for (std::int64_t k = 0; k < K_; ++k) x_[e * K_ + k] = x;
    }
  }

  const View& X_;
  const BankJob<T>& job_;
  std::int64_t K_;
  BankRecord record_;
  SparseBankScratch scratch_;
  bool penalised_ = false;
  std::int64_t begin_ = 0;
  std::int64_t entries_ = 0;
  BankRow<double> row_;
  double* x_ = nullptr;
  double* average_ = nullptr;
  BankLags lags_{};
};

inline constexpr std::int64_t kBankRowsAhead = 2;

template <class View>
Status sparse_bank_learn(const View& X, RowSet set, BankJob<typename View::value_type>& job) {
  SparseBank<View> bank(X, job);
  BankColumns columns = bank.columns();
  const auto steps = bank_steps_with<penalties::NoPenalty, double>(*job.spec);  // penalties wait for the next visit
  const bool running = job.standardizer.mean != nullptr, real = job.spec->loss.real_target;
  const std::int64_t K = columns.count();
  Counters& counters = *job.counters;
  for (std::int64_t i = 0; i < set.count; ++i) {
    if (i + kBankRowsAhead < set.count) bank.prefetch(set[i + kBankRowsAhead]);
    const std::int64_t row = set[i];
    columns.s = row_weight(job.weight, row, 1.0);
    columns.y = job.y[row];
    const bool counts = columns.s > 0.0;
    if (!counts && job.report == nullptr) continue;
    bank.gather(row, counters);
    if (running) {
      bank.read_scaled(counters.weight);
    } else {
      bank.read_plain();
    }
    if (job.report != nullptr && !bank.report(job.report + i * K)) return {Code::non_finite, row};
    if (!counts) continue;
    if (running) {
      if (!bank.update(columns.s, counters.weight)) return {Code::non_finite, row};
      counters.weight += columns.s;
      bank.read_scaled(counters.weight);
    }
    if (real) follow_target(columns, counters, *job.experts);
    if (!sound_margins(bank.row(), columns, *job.experts)) return {Code::non_finite, row};
    if (real) temper_errors(columns, *job.experts);
    const Counters before = counters;
    if (!steps.begin(columns, bank.row(), counters, *job.experts)) return {Code::non_finite, row};
    steps.finish(columns, bank.row());
    if (!bank.scatter(before, columns)) return {Code::non_finite, row};
  }
  return {};
}

template <class View>
Status sparse_bank_report(const View& X, RowSet set, const BankJob<typename View::value_type>& job) {
  SparseBank<View> bank(X, job);
  const std::int64_t K = job.spec->loss.columns;
  for (std::int64_t i = 0; i < set.count; ++i) {
    bank.gather(set[i], *job.counters);
    if (job.standardizer.mean != nullptr) {
      bank.read_scaled(job.counters->weight);
    } else {
      bank.read_plain();
    }
    if (!bank.report(job.report + i * K)) return {Code::non_finite, set[i]};
  }
  return {};
}

}  // namespace
}  // namespace gradstream::kernels
