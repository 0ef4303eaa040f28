// The order in which scikit-learn's SGD visits rows: Fisher and Yates' shuffle of the order before, from the same seed
// in every epoch, by Marsaglia's (2003) 32-bit generator.
#pragma once

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <utility>
#include <vector>

#include "core/compiler.hpp"

namespace gradstream::solvers {

/// Shifts 13, 17, 5; the result below 2^31. A seed of 0 counts as 1.
class XorShift32 {
 public:
  explicit XorShift32(std::uint32_t seed) : state_(seed == 0 ? 1 : seed) {}
  std::uint32_t operator()() {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 17;
    state_ ^= state_ << 5;
    return state_ & 0x7FFFFFFFu;
  }

 private:
  std::uint32_t state_;
};

/// Which rows there are to shuffle and which of them are held out for validation; null: all, none.
struct SgdRows {
  const std::uint32_t* listed = nullptr;
  std::int64_t count = 0;
  const std::uint8_t* held_out = nullptr;  // by absolute row
};

/// A shuffle goes forward and never comes back to a position, so it is made as far as it is needed: while the rows
/// before are learnt, which wait for each other anyway.
class SgdOrder {
 public:
  SgdOrder(const SgdRows& rows, std::uint32_t seed, bool shuffle)
      : rows_(rows), seed_(seed), shuffle_(shuffle), random_(seed) {
    if (!shuffle && rows.listed == nullptr && rows.held_out == nullptr) return;
    index_.resize(static_cast<std::size_t>(rows.count));
    if (rows.listed != nullptr) {
      std::copy_n(rows.listed, rows.count, index_.begin());
    } else {
      std::iota(index_.begin(), index_.end(), 0u);
    }
  }

  /// Rows of an epoch.
  std::int64_t size() const {
    if (rows_.held_out == nullptr) return rows_.count;
    std::int64_t kept = 0;
    for (const std::uint32_t row : index_) kept += rows_.held_out[row] == 0 ? 1 : 0;
    return kept;
  }

  void begin_epoch() {
    random_ = XorShift32(seed_);
    settled_ = shuffle_ ? 0 : rows_.count;
    if (rows_.held_out == nullptr) return;
    settle(rows_.count);
    learnt_.clear();
    for (const std::uint32_t row : index_) {
      if (rows_.held_out[row] == 0) learnt_.push_back(row);
    }
  }

  /// Makes positions before `end` final.
  void settle(std::int64_t end) {
    end = std::min(end, rows_.count);
    while (settled_ < end) settle_some(std::min(end - settled_, kTogether));
  }

  /// Null: rows as they come.
  const std::uint32_t* data() const {
    if (rows_.held_out != nullptr) return learnt_.data();
    return index_.empty() ? nullptr : index_.data();
  }

 private:
  static constexpr std::int64_t kTogether = 32;

  /// Draws first, so that the places drawn are fetched side by side.
  void settle_some(std::int64_t count) {
    const auto n = static_cast<std::uint32_t>(rows_.count), first = static_cast<std::uint32_t>(settled_);
    std::uint32_t other[kTogether];
    for (std::uint32_t i = 0; i < count; ++i) {
      const std::uint32_t left = n - first - i;  // the last position draws nothing
      other[i] = left > 1 ? first + i + random_() % left : first + i;
      GRADSTREAM_PREFETCH_WRITE(index_.data() + other[i]);
    }
    for (std::uint32_t i = 0; i < count; ++i) std::swap(index_[first + i], index_[other[i]]);
    settled_ += count;
  }

  SgdRows rows_;
  std::uint32_t seed_;
  bool shuffle_;
  XorShift32 random_;
  std::vector<std::uint32_t> index_, learnt_;
  std::int64_t settled_ = 0;
};

}  // namespace gradstream::solvers
