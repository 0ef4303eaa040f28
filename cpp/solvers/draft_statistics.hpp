// The standardiser of a dense state while rows are learnt or read.
#pragma once

#include <algorithm>
#include <cstdint>

#include "core/aligned.hpp"
#include "core/compiler.hpp"
#include "kernels/table.hpp"
#include "solvers/vectors.hpp"

namespace gradstream::solvers {

/// Mean, squared deviations and 1/sd of every column, padded to whole packs. In memory that somebody keeps from call to
/// call. Without any, all null, where a state reads rows as they are.
class DraftStatistics {
 public:
  template <class State>
  GRADSTREAM_INLINE DraftStatistics(const State& state, AlignedVector<double>& memory) : d_(state.d), memory_(memory) {
    if (state.mean == nullptr) return;
    width_ = (d_ + kPadding - 1) / kPadding * kPadding;
    memory_.resize(static_cast<std::size_t>(3 * width_));
    for (int which = 0; which < 3; ++which) std::fill_n(memory_.data() + which * width_ + d_, width_ - d_, 0.0);
    std::copy_n(state.mean, d_, memory_.data());
    std::copy_n(state.m2, d_, memory_.data() + width_);
  }

  double* mean() { return plane(0); }
  double* m2() { return plane(1); }
  double* scale() { return plane(2); }

  /// 1/sd as of the statistics at `weight`.
  void measure_scale(double weight) {
    if (width_ > 0) kernels::table().inverse_deviation(d_, mean(), m2(), weight, scale());
  }

  bool finite() const { return all_finite(2 * width_, memory_.data()); }

  template <class State>
  void write(const State& state) {
    if (width_ == 0) return;
    std::copy_n(mean(), d_, state.mean);
    std::copy_n(m2(), d_, state.m2);
  }

 private:
  static constexpr std::int64_t kPadding = 16;

  double* plane(int which) { return width_ == 0 ? nullptr : memory_.data() + which * width_; }

  std::int64_t d_;
  std::int64_t width_ = 0;
  AlignedVector<double>& memory_;
};

}  // namespace gradstream::solvers
