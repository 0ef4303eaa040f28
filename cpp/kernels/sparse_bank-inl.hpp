// The bank on one CSR row after the other, O(nnz). Values are read as they are, or over their column's deviation.
#pragma once

#include "kernels/sparse_bank_row-inl.hpp"
#include "kernels/sparse_row-inl.hpp"
#include "kernels/stream_bank-inl.hpp"

namespace gradstream::kernels {
namespace {

template <class View>
std::int64_t sparse_bank_workspace(const View& X, RowSet set, std::int64_t K) {
  return SparseBankScratch::size(longest_row(X, set), K);
}

/// `kMany`: more than one column. With one, what a record holds is known to the compiler. Loops over entries work on
/// local copies of pointers: stores of raw bytes may alias any member, which would be read again for every entry.
template <class View, bool kMany>
class SparseBank {
 public:
  using T = typename View::value_type;

  SparseBank(const View& X, RowSet set, const BankJob<T>& job)
      : X_(X), job_(job), K_(job.spec->loss.columns), scratch_(job.workspace, longest_row(X, set), K_) {
    own_scale_ = job.spec->standardize == Standardize::root_mean_square;
    penalised_ = job.spec->penalty.l1 > 0.0 || job.spec->penalty.l2 > 0.0;
    std::fill_n(scratch_.fresh, shape().width(), 0.0F);
    std::fill_n(scratch_.fresh + shape().accumulators(), K_,
                static_cast<float>(job.spec->optimizer.initial_accumulator));
    row_.x = scratch_.flat[0];
    row_.plane[kBankLanes] = scratch_.flat[1];
    row_.rate = scratch_.flat[2];
    row_.moved = scratch_.flat[3];
    row_.column = scratch_.flat[4];
  }

  /// Lanes and accumulators of the row's features, settled as of the counters. A feature without a record reads as a
  /// fresh one (reporting; learning has given every feature its record).
  void gather(std::int64_t row) {
    begin_ = static_cast<std::int64_t>(X_.indptr[row]);
    entries_ = static_cast<std::int64_t>(X_.indptr[row + 1]) - begin_;
    row_.n = padded(entries_ * K());
    for (std::int64_t i = entries_ * K(); i < row_.n; ++i) {
      scratch_.flat[0][i] = scratch_.lag[0][i] = scratch_.lag[1][i] = 0.0;
      scratch_.flat[1][i] = 1.0;
    }
    for (std::int64_t e = entries_; e < padded(entries_); ++e) scratch_.value[1][e] = scratch_.value[2][e] = 0.0;
    gather_entries();
    if (!penalised_) return;
    settle_elements(*job_.spec, entries_ * K(), awake_clock(*job_.experts, *job_.counters), scratch_.flat[1],
                    scratch_.lag[0], scratch_.lag[1], scratch_.lanes);
  }

  /// Values as `predict` reads them now.
  void read() {
    if (job_.standardizer.mean != nullptr) {
      return read_with(
          [&](double x, std::int64_t j) { return x * column_scale(job_.standardizer, j, job_.counters->weight); });
    }
    if (!own_scale_) return read_with([](double x, std::int64_t) { return x; });
    load_values();
    measure_scales();
    spread_values();
  }

  /// Takes the row into the statistics of its features and reads it by them; false when one is no longer finite.
  bool update(double s) {
    if (job_.standardizer.mean == nullptr) job_.counters->weight += s;
    if (own_scale_) {
      update_scales(s);
      return true;
    }
    bool finite = true;
    if (job_.standardizer.mean == nullptr || resting(*job_.experts, *job_.counters)) {
      read();
      return finite;
    }
    for (std::int64_t e = 0; e < entries_; ++e) {
      const double x = static_cast<double>(X_.data[begin_ + e]);
      finite = add_to_column(job_.standardizer, feature(e), x, s, job_.counters->weight) && finite;
    }
    job_.counters->weight += s;
    read();
    return finite;
  }

  /// z (K, 8) of every lane; false when one is not finite.
  bool margins(const BankColumns& columns) const {
    for (std::int64_t k = 0; k < K(); ++k) {
      each_lane_pack([&](int l) {
        Wide even(0.0), odd(0.0);
        const double* w = scratch_.lanes + k * kBankLanes + l;
        std::int64_t e = 0;
        for (; e + 2 <= entries_; e += 2) {
          even += Wide(row_.x[e * K() + k]) * load<Wide>(w + e * K() * kBankLanes);
          odd += Wide(row_.x[(e + 1) * K() + k]) * load<Wide>(w + (e + 1) * K() * kBankLanes);
        }
        if (e < entries_) even += Wide(row_.x[e * K() + k]) * load<Wide>(w + e * K() * kBankLanes);
        store(columns.z + k * kBankLanes + l, even + odd);
      });
      for (int l = 0; l < kBankLanes; ++l) columns.z[k * kBankLanes + l] += job_.bias[l * K() + k];
    }
    return all_finite(columns.z, K() * kBankLanes);
  }

  /// Margins of the averaged model, from those of the lanes.
  void report(const BankColumns& columns, double* out) const {
    for (std::int64_t k = 0; k < K(); ++k) {
      Wide sum(0.0);
      each_lane_pack(
          [&](int l) { sum += load<Wide>(job_.experts->weight + l) * load<Wide>(columns.z + k * kBankLanes + l); });
      out[k] = sum_lanes(sum);
    }
  }

  /// Every lane moves by its u; written back as settled at the clocks given: this step's penalty waits for the next
  /// visit. False when a number does not fit float32, even with its lane restarted from the others.
  bool scatter(const BankColumns& columns, const BankClocks& settled) {
    constexpr double kLargest = static_cast<double>(std::numeric_limits<float>::max());
    if (!move_elements(columns, kLargest) && !restart_lanes(kLargest)) return false;
    const std::int64_t entries = entries_;
    const float* const* const record_of = scratch_.record;
    const double *const lanes = scratch_.lanes, *const total = scratch_.flat[1];
    const double *const count = scratch_.value[1], *const square = scratch_.value[2];
    for (std::int64_t e = 0; e < entries; ++e) {
      auto* const record = const_cast<float*>(record_of[e]);
      for (std::int64_t l = 0; l < K() * kBankLanes; l += kLanes) {
        store(record + l, load<Wide>(lanes + e * K() * kBankLanes + l));
      }
      for (std::int64_t k = 0; k < K(); ++k) {
        record[shape().accumulators() + k] = static_cast<float>(total[e * K() + k]);
      }
      record[shape().count()] = static_cast<float>(count[e]);
      record[shape().mean_square()] = static_cast<float>(square[e]);
      std::memcpy(record + shape().clocks(), &settled, sizeof(settled));
    }
    return plane_within(scratch_.flat[1], row_.n, kLargest);
  }

  void prefetch(std::int64_t row) const {
    const std::int64_t width = shape().width();
    const auto ahead = X_.row(row);
    for (std::int64_t e = 0; e < ahead.count; ++e) {
      const std::int64_t place = job_.table.place[static_cast<std::int64_t>(ahead.index[e])];
      GRADSTREAM_PREFETCH_WRITE(job_.table.record + (place > 0 ? place - 1 : 0) * width);
    }
  }

  BankColumns columns() const { return bank_columns(job_, scratch_.columns); }
  const BankRow<double>& row() const { return row_; }

 private:
  std::int64_t K() const { return kMany ? K_ : 1; }
  BankRecord shape() const { return {K()}; }
  std::int64_t feature(std::int64_t e) const { return static_cast<std::int64_t>(X_.indices[begin_ + e]); }

  void gather_entries() {
    const std::int64_t entries = entries_, width = shape().width();
    const auto* const index = X_.indices + begin_;
    const std::int32_t* const places = job_.table.place;
    const float *const records = job_.table.record, *const fresh = scratch_.fresh;
    const float** const record_of = scratch_.record;
    double *const lanes = scratch_.lanes, *const total = scratch_.flat[1];
    double *const count = scratch_.value[1], *const square = scratch_.value[2];
    double *const descent = scratch_.lag[0], *const adagrad = scratch_.lag[1];
    const BankClocks now = bank_clocks(*job_.counters, *job_.experts);
    for (std::int64_t e = 0; e < entries; ++e) {
      const std::int64_t place = places[static_cast<std::int64_t>(index[e])];
      const float* const record = place > 0 ? records + (place - 1) * width : fresh;
      BankClocks since = now;
      if (place > 0) std::memcpy(&since, record + shape().clocks(), sizeof(since));
      record_of[e] = record;
      count[e] = static_cast<double>(record[shape().count()]);
      square[e] = static_cast<double>(record[shape().mean_square()]);
      for (std::int64_t l = 0; l < K() * kBankLanes; l += kLanes) {
        store(lanes + e * K() * kBankLanes + l, load<Wide>(record + l));
      }
      for (std::int64_t k = 0; k < K(); ++k) {
        total[e * K() + k] = static_cast<double>(record[shape().accumulators() + k]);
        descent[e * K() + k] = now.descent - since.descent;
        adagrad[e * K() + k] = now.adagrad - since.adagrad;
      }
    }
  }

  /// False when a weight passes `limit` or is no number.
  bool move_elements(const BankColumns& columns, double limit) {
    const std::int64_t n = entries_ * K();
    const double *const u = columns.u, *const x = row_.x, *const moved = row_.moved;
    double* const lanes = scratch_.lanes;
    Wide beyond(0.0);
    for (std::int64_t i = 0; i < n; ++i) {
      const double* const step = u + (kMany ? i % K() : 0) * kBankLanes;
      each_lane_pack([&](int l) {
        const Wide w = load<Wide>(lanes + i * kBankLanes + l) + load<Wide>(step + l) * halves(x[i], moved[i], l);
        store(lanes + i * kBankLanes + l, w);
        beyond += where(absolute(w) <= Wide(limit), Wide(0.0), Wide(1.0));
      });
    }
    return sum_lanes(beyond) == 0.0;
  }

  /// Weights beyond `limit` become the average of the lanes that are within, in this row's features.
  bool restart_lanes(double limit) {
    for (std::int64_t i = 0; i < entries_ * K(); ++i) {
      double* w = scratch_.lanes + i * kBankLanes;
      double sum = 0.0, total = 0.0;
      for (int l = 0; l < kBankLanes; ++l) {
        if (!(std::fabs(w[l]) <= limit)) continue;
        sum += job_.experts->weight[l] * w[l];
        total += job_.experts->weight[l];
      }
      if (!(total > 0.0)) return false;
      for (int l = 0; l < kBankLanes; ++l) w[l] = std::fabs(w[l]) <= limit ? w[l] : sum / total;
    }
    return true;
  }

  template <class F>
  void read_with(F&& f) {
    for (std::int64_t e = 0; e < entries_; ++e)
      scratch_.value[0][e] = f(static_cast<double>(X_.data[begin_ + e]), feature(e));
    for (std::int64_t e = 0; e < entries_; ++e) {
      for (std::int64_t k = 0; k < K(); ++k) scratch_.flat[0][e * K() + k] = scratch_.value[0][e];
    }
  }

  void load_values() {
    for (std::int64_t e = 0; e < entries_; ++e) scratch_.value[0][e] = static_cast<double>(X_.data[begin_ + e]);
  }

  /// 1 / root mean square of every feature of the row; 1 while it has not been learnt from: a fit leaves weights in the
  /// units of its values.
  void measure_scales() {
    for (std::int64_t e = 0; e < entries_; e += kLanes) {
      const Wide square = load<Wide>(scratch_.value[2] + e);
      store(scratch_.value[3] + e, where(square > Wide(0.0), inverse_square_root(square), Wide(1.0)));
    }
  }

  void spread_values() {
    for (std::int64_t e = 0; e < entries_; ++e) {
      const double x = scratch_.value[0][e] * scratch_.value[3][e];
      for (std::int64_t k = 0; k < K(); ++k) scratch_.flat[0][e * K() + k] = x;
    }
  }

  /// Mean squares take the row's values in, stored zeros left out. With a feature's first, its weights, and what
  /// AdaGrad has summed, go over to the new unit. What a resting solution is read by stands still with it.
  void update_scales(double s) {
    load_values();
    double *const step = scratch_.value[3], *const x = scratch_.value[0];
    const bool rests = resting(*job_.experts, *job_.counters);
    for (std::int64_t e = 0; e < entries_; ++e) {
      step[e] = x[e] == 0.0 || (rests && holds_solution(e)) ? 0.0 : s;
      if (scratch_.value[2][e] == 0.0 && x[e] != 0.0) change_unit(e, std::fabs(x[e]));
    }
    for (std::int64_t e = entries_; e < padded(entries_); ++e) x[e] = step[e] = 0.0;
    for (std::int64_t e = 0; e < entries_; e += kLanes) {
      const Wide value = load<Wide>(x + e), square = load<Wide>(scratch_.value[2] + e), add = load<Wide>(step + e);
      const Wide count = load<Wide>(scratch_.value[1] + e) + add;
      store(scratch_.value[2] + e, square + (value * value - square) * (add / maximum(count, Wide(1e-300))));
      store(scratch_.value[1] + e, count);
    }
    measure_scales();
    spread_values();
  }

  bool holds_solution(std::int64_t e) const {
    if (scratch_.value[2][e] == 0.0) return false;
    for (std::int64_t k = 0; k < K(); ++k) {
      if (scratch_.lanes[(e * K() + k) * kBankLanes] != 0.0) return true;
    }
    return false;
  }

  void change_unit(std::int64_t e, double unit) {
    if (!(unit > 0.0)) return;
    const double start = job_.spec->optimizer.initial_accumulator;
    for (std::int64_t i = e * K(); i < (e + 1) * K(); ++i) {
      for (int l = 0; l < kBankLanes; ++l) scratch_.lanes[i * kBankLanes + l] *= unit;
      const double summed = scratch_.flat[1][i] - start;  // float32 may have rounded the start itself
      scratch_.flat[1][i] = summed > start * 1e-6 ? start + summed / (unit * unit) : start;
    }
  }

  const View& X_;
  const BankJob<T>& job_;
  std::int64_t K_;
  SparseBankScratch scratch_;
  bool own_scale_ = false;
  bool penalised_ = false;
  std::int64_t begin_ = 0;
  std::int64_t entries_ = 0;
  BankRow<double> row_;
};

}  // namespace
}  // namespace gradstream::kernels
